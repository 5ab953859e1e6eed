"""The weighted whole: every term, mixed topologies, empty batches, zero weights."""

import math
from dataclasses import replace

import pytest
import torch

from garment_uv.classes import COMBINATIONS
from garment_uv.losses.adversarial import discriminator_maps
from garment_uv.losses.config import LossConfig
from garment_uv.losses.generator_loss import GeneratorLoss
from garment_uv.networks.config import DiscriminatorConfig, GeneratorConfig, LocalBranchConfig
from garment_uv.networks.discriminator import Discriminator
from garment_uv.networks.generator import GarmentGenerator

NO_GAN = {"adversarial": 0, "feature_matching": 0}


def _noise(batch, scale=0.02, seed=1):
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(batch.displacement_uv.shape, generator=generator) * scale
    return (batch.displacement_uv + noise).requires_grad_()


def test_every_term_is_there_and_total_is_their_weighted_sum(atlas, make_batch, make_output):
    batch, config = make_batch(["default", "skirt", "default"]), LossConfig(uv_outside=0.5, laplacian_true=0.5)
    discriminator = Discriminator(DiscriminatorConfig(base_features=4))
    predicted = _noise(batch)
    seen = {
        "outfit_logits": torch.zeros(3, len(COMBINATIONS)),
        "parsing_logits": torch.zeros(3, 8, 6, 6),
        "square": torch.tensor([[0.0, 0.0, 1.0]] * 3),
    }
    output = replace(make_output(predicted), **seen)
    batch = replace(batch, parsing=torch.ones(3, 12, 12, dtype=torch.uint8))
    fake_maps, real_maps = discriminator_maps(output, batch, "displacement")
    fake, real = discriminator(fake_maps, batch.body_uv), discriminator(real_maps, batch.body_uv)
    terms = GeneratorLoss(config, atlas)(output, batch, fake, real)
    assert set(terms) == {*LossConfig.model_fields, "total"}
    expected = sum(getattr(config, name) * terms[name] for name in LossConfig.model_fields)
    torch.testing.assert_close(terms["total"], expected)
    terms["total"].backward()
    assert torch.isfinite(predicted.grad).all() and predicted.grad.abs().sum() > 0


def test_the_truth_itself_costs_nothing_but_smoothness(atlas, make_batch, make_output):
    batch = make_batch(["skirt", "default"])
    config = LossConfig(**NO_GAN, laplacian_true=0.1)
    terms = GeneratorLoss(config, atlas)(make_output(batch.displacement_uv), batch)
    for name in ("uv", "mesh", "normal", "laplacian_true", "edge"):
        assert terms[name].item() == pytest.approx(0, abs=1e-9), name
    assert terms["laplacian"].item() > 0


def test_a_mixed_batch_is_the_mean_of_its_topologies(atlas, make_batch, make_output):
    loss = GeneratorLoss(LossConfig(**NO_GAN), atlas)
    mixed = make_batch(["default", "skirt", "skirt", "default"])
    maps = _noise(mixed).detach()
    together = loss(make_output(maps), mixed)

    def alone(index):
        one = make_batch([mixed.topology[index]])
        one = replace(
            one,
            **{
                name: getattr(mixed, name)[index : index + 1]
                for name in ("body_uv", "displacement_uv", "segments", "vertex_classes", "body_vertices")
            },
        )
        covered = loss.surfaces[one.topology[0]].covered(one.vertex_classes)
        counts = {"normal": covered.vertices, "laplacian": covered.interior, "edge": covered.edges}
        terms = loss(make_output(maps[index : index + 1]), one)
        return {name: (terms[name].item(), int(count.sum())) for name, count in counts.items()}

    parts = [alone(index) for index in range(4)]
    for name in ("normal", "laplacian", "edge"):
        expected = sum(v * n for v, n in (p[name] for p in parts)) / sum(p[name][1] for p in parts)
        assert together[name].item() == pytest.approx(expected, rel=1e-5), name
    assert parts[0]["edge"][1] != parts[1]["edge"][1]


def test_without_garments_geometric_terms_are_zero_with_a_zero_gradient(atlas, make_batch, make_output):
    batch = make_batch(["default", "skirt"])
    batch = replace(
        batch, segments=torch.zeros_like(batch.segments), vertex_classes=torch.zeros_like(batch.vertex_classes)
    )
    predicted = _noise(batch)
    terms = GeneratorLoss(LossConfig(**NO_GAN, segments=0, classification=0), atlas)(make_output(predicted), batch)
    terms["total"].backward()
    assert terms["total"].item() == 0
    assert torch.equal(predicted.grad, torch.zeros_like(predicted))


def test_terms_of_weight_zero_are_left_out(atlas, make_batch, make_output):
    batch = make_batch(["default"])
    nothing = dict.fromkeys(LossConfig.model_fields, 0)
    for name in (
        "uv",
        "uv_outside",
        "mesh",
        "normal",
        "laplacian",
        "laplacian_true",
        "edge",
        "classification",
        "segments",
    ):
        loss = GeneratorLoss(LossConfig(**{**nothing, name: 2.0}), atlas)
        terms = loss(make_output(_noise(batch)), batch)
        assert set(terms) == {name, "total"}
        assert terms["total"].item() == pytest.approx(2 * terms[name].item())
        assert not loss.needs_discriminator
    loss = GeneratorLoss(LossConfig(**nothing), atlas)
    assert len(loss.surfaces) == 0
    assert loss(make_output(_noise(batch)), batch)["total"].item() == 0


def test_a_prediction_that_is_not_finite_shows_in_the_loss(atlas, make_batch, make_output):
    batch = make_batch(["default"])
    maps = batch.displacement_uv.clone()
    maps[:, :, 14, 9] = float("nan")
    terms = GeneratorLoss(LossConfig(**NO_GAN), atlas)(make_output(maps), batch)
    assert math.isnan(terms["total"].item())


def test_missing_features_and_unknown_topologies_are_refused(atlas, make_batch, make_output):
    batch = make_batch(["default"])
    with pytest.raises(ValueError, match="discriminator's features"):
        GeneratorLoss(LossConfig(), atlas)(make_output(_noise(batch)), batch)
    with pytest.raises(ValueError, match="no topology 'cape'"):
        strange = replace(batch, topology=["cape"])
        GeneratorLoss(LossConfig(**NO_GAN), atlas)(make_output(_noise(batch)), strange)


@pytest.mark.parametrize("target", ["displacement", "position"])
def test_one_descent_on_the_real_networks_lowers_every_kind_of_error(atlas, make_batch, target):
    torch.manual_seed(0)
    batch = make_batch(["default", "skirt"])
    smooth = torch.nn.functional.interpolate(batch.displacement_uv[:, :, :4, :4], 32, mode="bilinear")
    batch = replace(batch, displacement_uv=smooth)
    generator = GarmentGenerator(
        GeneratorConfig(
            base_features=8, residual_blocks=1, target=target, local=LocalBranchConfig(features=8, kernel=3)
        )
    )
    loss = GeneratorLoss(LossConfig(**NO_GAN), atlas)
    optimiser = torch.optim.Adam(generator.parameters(), lr=2e-3, betas=(0.5, 0.9))
    first = None
    for _ in range(25):
        terms = loss(generator(batch.image, batch.body_uv, batch.camera, batch.segments), batch)
        first = first or {name: value.item() for name, value in terms.items()}
        optimiser.zero_grad()
        terms["total"].backward()
        optimiser.step()
    for name in ("uv", "mesh", "segments", "classification", "total"):
        assert terms[name].item() < first[name], name


def test_no_local_branches_means_no_classification_term(atlas, make_batch):
    batch = make_batch(["default"])
    generator = GarmentGenerator(GeneratorConfig(base_features=4, local=LocalBranchConfig(mode="none")))
    terms = GeneratorLoss(LossConfig(**NO_GAN), atlas)(
        generator(batch.image, batch.body_uv, batch.camera, batch.segments), batch
    )
    assert "classification" not in terms


def test_where_maps_were_refilled_the_surface_terms_are_held_against_the_true_vertices(atlas, make_batch, make_output):
    batch = make_batch(["skirt", "default"])
    loss = GeneratorLoss(LossConfig(**NO_GAN), atlas)
    truth = loss.read_true(batch.displacement_uv)
    sparse = replace(batch, displacement_uv=torch.zeros_like(batch.displacement_uv), displacement_vertices=truth)
    terms = loss(make_output(batch.displacement_uv), sparse)
    for name in ("mesh", "normal", "edge"):
        assert terms[name].item() == pytest.approx(0, abs=1e-9), name
    assert terms["uv"].item() > 0.1
