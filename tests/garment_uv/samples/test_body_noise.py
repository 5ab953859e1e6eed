"""Perturbed bodies: the target stays the true garment, and seed, epoch and sample decide everything."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from garment_uv.body import BodyParameters
from garment_uv.datasets.cloth3d.camera import project_to_crop, recrop
from garment_uv.errors import UserError
from garment_uv.metrics.evaluate import evaluate_sample
from garment_uv.samples.config import AS_ESTIMATED, BodyNoiseConfig
from garment_uv.samples.loader import SampleLoader
from garment_uv.samples.other_body import BodyNoise, perturbed, placement_error, with_body
from garment_uv.samples.source import FolderSource, iterate_samples
from garment_uv.uv.fill import METHODS
from garment_uv.uv.sampling import read_vertices
from tests.garment_uv.clothed import open_body, open_poser, write_clothed


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return FolderSource(write_clothed(tmp_path_factory.mktemp("clothed") / "set"))


@pytest.fixture(scope="module")
def sample(source):
    return next(iterate_samples(source, "val"))


@pytest.fixture(scope="module")
def noise(source):
    return BodyNoise(AS_ESTIMATED, source, seed=3)


def s2s_mm(atlas, sample, displacement_uv):
    scores = evaluate_sample(atlas, sample, read_vertices(atlas, displacement_uv))
    return np.array([score.s2s.mean_mm for score in scores])


def test_the_true_map_on_a_noisy_body_is_still_the_true_garment(source, sample, noise):
    atlas, seen = source.atlas(), noise(sample)
    assert 0.02 < np.linalg.norm(seen.body_vertices - sample.body_vertices, axis=1).mean() < 0.15
    floor, noisy = s2s_mm(atlas, sample, sample.displacement_uv), s2s_mm(atlas, seen, seen.displacement_uv)
    assert floor.max() < 0.2
    assert np.abs(noisy - floor).max() < 0.1
    assert s2s_mm(atlas, seen, sample.displacement_uv).min() > 10  # the old map would carry the body's error along
    covered = sample.vertex_classes > 0
    garment = sample.body_vertices + read_vertices(atlas, sample.displacement_uv)
    again = seen.body_vertices + read_vertices(atlas, seen.displacement_uv)
    apart = np.linalg.norm(garment - again, axis=1)[covered]
    assert apart.mean() < 1e-4 and apart.max() < 0.02  # the largest where several vertices share one texel
    assert seen.garments is sample.garments and seen.segments is sample.segments
    read_back = read_vertices(atlas, seen.body_uv)
    assert np.abs(read_back - seen.body_vertices).mean() < 1e-4


@pytest.mark.parametrize("method", METHODS)
def test_every_fill_keeps_its_kind(source, sample, method):
    atlas = source.atlas()
    values = read_vertices(atlas, sample.displacement_uv)
    from garment_uv.uv.fill import fill

    filled = replace(
        sample,
        displacement_uv=fill(atlas, values, sample.vertex_classes > 0, method),
        displacement_vertices=values.astype(np.float32),
    )
    body = perturbed(sample.body, AS_ESTIMATED, np.random.default_rng(0))
    seen = with_body(filled, body, open_poser(), method)
    both = seen.body_vertices + seen.displacement_vertices
    covered = sample.vertex_classes > 0
    assert np.abs(both - (sample.body_vertices + values))[covered].max() < 1e-5
    empty = (filled.displacement_uv == 0).all(axis=0)
    if method == "none":
        assert np.array_equal(empty, (seen.displacement_uv == 0).all(axis=0))


def test_seed_epoch_and_sample_decide_it(source, sample, noise):
    first, again = noise(sample, 4), BodyNoise(AS_ESTIMATED, source, seed=3)(sample, 4)
    assert np.array_equal(first.body_uv, again.body_uv) and np.array_equal(first.image, again.image)
    others = noise(sample, 5), BodyNoise(AS_ESTIMATED, source, seed=4)(sample, 4), noise(replace(sample, key="x"), 4)
    assert all(not np.array_equal(first.body_uv, other.body_uv) for other in others)


def test_the_sizes_are_what_they_say(sample):
    rng = np.random.default_rng(1)
    drawn = [perturbed(sample.body, AS_ESTIMATED, rng) for _ in range(300)]
    from scipy.spatial.transform import Rotation

    true = Rotation.from_rotvec(sample.body.pose.reshape(24, 3))
    angles = [(true.inv() * Rotation.from_rotvec(body.pose.reshape(24, 3))).magnitude() for body in drawn]
    assert np.degrees(np.sqrt(np.mean(np.square(angles)))) == pytest.approx(8, rel=0.05)
    assert np.std([body.shape - sample.body.shape for body in drawn]) == pytest.approx(0.5, rel=0.05)
    steps = np.array([sample.body.camera - body.camera for body in drawn])
    assert steps.std(axis=0) == pytest.approx([0.108, 0.023, 0.023], rel=0.15)


def test_one_size_changes_no_other_draw(sample):
    whole = perturbed(sample.body, AS_ESTIMATED, np.random.default_rng(5))
    alone = perturbed(sample.body, BodyNoiseConfig(shape=0.5), np.random.default_rng(5))
    assert np.array_equal(whole.shape, alone.shape)
    assert np.array_equal(alone.pose, sample.body.pose) and np.array_equal(alone.camera, sample.body.camera)


def test_a_misplaced_root_shows_in_the_picture_alone(sample):
    """A point that stands still in the room falls where the other root's crop has it."""
    step = np.array([0.2, 0.05, -0.04], np.float32)
    body = replace(sample.body, camera=sample.body.camera - step)
    seen = with_body(sample, body, open_poser(), "least_norm")
    assert np.array_equal(seen.body_vertices, open_poser().vertices(sample.body))
    assert placement_error(seen, sample) == pytest.approx(step, abs=1e-6)
    marked = np.zeros((256, 256, 3), np.uint8)
    point = open_body().joints(BodyParameters(body.gender, body.shape, body.pose))[:1] + [[0.1, 0.3, 0.4]]
    u, v = project_to_crop(point, sample.body.camera, 256)[0]
    marked[int(v) - 2 : int(v) + 3, int(u) - 2 : int(u) + 3] = 255
    found = np.argwhere(recrop(marked, sample.body.camera, body.camera)[..., 0] > 128).mean(axis=0)[::-1] + 0.5
    assert np.abs(found - project_to_crop(point - step, body.camera, 256)[0]).max() < 1.5


def test_labels_move_with_the_picture(sample):
    body = replace(sample.body, camera=sample.body.camera - np.array([0.2, 0.05, -0.04], np.float32))
    shown = np.zeros((256, 256), np.uint8)
    shown[100:160, 90:130] = 7
    labelled = replace(sample, mask=(shown > 0) * np.uint8(255), parsing=shown)
    seen = with_body(labelled, body, open_poser(), "least_norm")
    assert set(np.unique(seen.parsing)) == {0, 7}
    assert ((seen.parsing > 0) != (seen.mask > 127)).sum() < 10  # at the edge alone


def test_zero_noise_is_bit_for_bit_what_it_was(source, sample):
    plain = list(SampleLoader(source, "train", 2, seed=1).batches(3))
    zero = list(SampleLoader(source, "train", 2, seed=1, body_noise=BodyNoiseConfig()).batches(3))
    for a, b in zip(plain, zero, strict=True):
        assert torch.equal(a.body_uv, b.body_uv) and torch.equal(a.image, b.image)
    assert BodyNoiseConfig().is_off and not AS_ESTIMATED.is_off
    assert recrop(sample.image, sample.body.camera, sample.body.camera.copy()) is sample.image


def test_workers_give_the_same_noisy_batches(source):
    here = SampleLoader(source, "train", 2, seed=1, body_noise=AS_ESTIMATED)
    there = SampleLoader(source, "train", 2, seed=1, body_noise=AS_ESTIMATED, workers=1)
    try:
        for epoch in (0, 1):
            for a, b in zip(here.batches(epoch), there.batches(epoch), strict=True):
                assert a.keys == b.keys
                for name in ("image", "body_uv", "displacement_uv", "body_vertices", "camera"):
                    assert torch.equal(getattr(a, name), getattr(b, name)), name
    finally:
        there.close()
    first, second = (next(here.batches(epoch)).body_uv for epoch in (0, 1))
    assert not torch.equal(first, second)


def test_a_body_model_that_is_not_at_hand_is_one_line(source, tmp_path):
    smpl = FolderSource(source.uri)
    smpl.__dict__["manifest"] = source.manifest.with_values({"body.name": "smpl"})
    with pytest.raises(UserError, match="data.smpl_dir") as caught:
        SampleLoader(smpl, "train", 2, body_noise=AS_ESTIMATED)
    assert "\n" not in str(caught.value)
    other = FolderSource(source.uri)
    other.__dict__["manifest"] = source.manifest.with_values({"body.body_digest": "0123456789abcdef"})
    with pytest.raises(UserError, match="is not the one"):
        BodyNoise(AS_ESTIMATED, other)
    with pytest.raises(UserError, match="pose_degrees"):
        BodyNoiseConfig(pose_degrees=-1)
