"""The discriminator: shapes, spectral norm, condition, and a resume that is exact to the bit."""

import copy

import pytest
import torch

from garment_uv.networks.config import DiscriminatorConfig
from garment_uv.networks.discriminator import Discriminator


@pytest.mark.parametrize(("layers", "scales", "size"), [(4, 2, 64), (2, 1, 32), (6, 4, 64), (3, 3, 256)])
def test_features_and_logits_per_scale(layers, scales, size):
    config = DiscriminatorConfig(base_features=4, layers=layers, scales=scales)
    answers = Discriminator(config)(torch.randn(1, 3, size, size), torch.randn(1, 3, size, size))
    assert len(answers) == scales
    for features in answers:
        assert len(features) == layers + 1
        assert [f.shape[1] for f in features] == [4 * min(2**i, 8) for i in range(layers)] + [1]
        assert all(torch.isfinite(f).all() and f.numel() for f in features)
    assert answers[0][0].shape[-1] == size // 2 + 1


def test_every_convolution_has_a_largest_singular_value_of_one():
    torch.manual_seed(0)
    discriminator = Discriminator(DiscriminatorConfig(base_features=8))
    maps, body = torch.randn(2, 3, 32, 32), torch.randn(2, 3, 32, 32)
    for _ in range(30):
        discriminator(maps, body)
    for scale in discriminator.scales:
        for layer in scale.layers:
            largest = torch.linalg.svdvals(layer.weight.detach().flatten(1))[0]
            assert largest.item() == pytest.approx(1, abs=0.02)


def test_the_body_is_a_condition_only_where_configured():
    maps, body = torch.randn(1, 3, 32, 32), torch.randn(1, 3, 32, 32)
    for conditioned in (True, False):
        discriminator = Discriminator(DiscriminatorConfig(base_features=4), conditioned).eval()
        same = torch.equal(discriminator(maps, body)[0][-1], discriminator(maps, body + 1)[0][-1])
        assert same != conditioned


def test_maps_are_seen_in_the_targets_unit():
    maps, body = torch.randn(1, 3, 32, 32) * 0.05, torch.randn(1, 3, 32, 32)
    torch.manual_seed(0)
    one = Discriminator(DiscriminatorConfig(base_features=4), target="displacement").eval()
    torch.manual_seed(0)
    two = Discriminator(DiscriminatorConfig(base_features=4), target="position").eval()
    torch.testing.assert_close(one(maps, body)[1][-1], two(maps * 10, body)[1][-1])


def _train(discriminator, optimiser, steps, seed):
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        maps = torch.randn(2, 3, 32, 32, generator=generator)
        loss = torch.stack([scale[-1].mean() for scale in discriminator(maps, maps.flip(1))]).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def test_resumed_training_equals_training_that_never_stopped_bit_for_bit():
    def fresh():
        discriminator = Discriminator(DiscriminatorConfig(base_features=4))
        return discriminator, torch.optim.Adam(discriminator.parameters(), 4e-4, betas=(0.0, 0.9))

    torch.manual_seed(0)
    whole, whole_optimiser = fresh()
    _train(whole, whole_optimiser, 3, seed=1)
    saved = {name: value.clone() for name, value in whole.state_dict().items()}
    saved_optimiser = copy.deepcopy(whole_optimiser.state_dict())
    torch.manual_seed(99)
    resumed, resumed_optimiser = fresh()
    resumed.load_state_dict(saved)
    resumed_optimiser.load_state_dict(saved_optimiser)
    _train(whole, whole_optimiser, 3, seed=2)
    _train(resumed, resumed_optimiser, 3, seed=2)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    assert any(name.endswith("_u") for name in saved), "power iteration must be part of the state"
