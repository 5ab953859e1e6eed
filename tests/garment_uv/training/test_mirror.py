"""Samples in a mirror: every part of them tells the same story as before, the other way round."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from garment_uv.errors import UserError
from garment_uv.networks.encoder import unwrap_image
from garment_uv.samples.batch import collate
from garment_uv.samples.source import FolderSource, iterate_samples
from garment_uv.training.augment import Mirror, mirror_for, vertex_mates
from garment_uv.uv.sampling import MapSampler
from tests.garment_uv.cylinder import COLUMNS, ROWS


@pytest.fixture(scope="module")
def source(dataset):
    return FolderSource(dataset)


@pytest.fixture(scope="module")
def batch(source):
    """Four samples, their cameras moved aside, with random pictures."""
    made = collate(list(iterate_samples(source, "train"))[:4])
    generator = torch.Generator().manual_seed(0)
    camera = made.camera + torch.rand(made.camera.shape, generator=generator) * 0.2
    return replace(made, camera=camera, image=torch.rand(made.image.shape, generator=generator) * 2 - 1)


def test_mates_are_on_the_other_side_of_the_body(source):
    mates = vertex_mates(source.atlas())
    row, column = np.divmod(np.arange(ROWS * COLUMNS), COLUMNS)
    assert (mates == row * COLUMNS + (-column) % COLUMNS).all()


def test_what_is_read_from_reflected_maps_is_the_reflected_surface(source, batch):
    atlas = source.atlas()
    mirror, read, everyone = Mirror(atlas), MapSampler(atlas), torch.ones(4, dtype=torch.bool)
    seen = mirror(batch, everyone)
    sign = torch.tensor([1.0, -1.0, 1.0])
    for name in ("body_uv", "displacement_uv"):
        before, after = read(getattr(batch, name)), read(getattr(seen, name))
        assert torch.allclose(after, before[:, mirror.mates] * sign, atol=1e-5)
    assert torch.allclose(read(seen.body_uv), seen.body_vertices, atol=2e-3)
    assert torch.equal(seen.vertex_classes, batch.vertex_classes[:, mirror.mates])
    ids = torch.arange(7).view(1, -1, 1, 1)
    covered = read((seen.segments[:, None] == ids).float()).argmax(dim=2)
    garment = seen.vertex_classes > 0
    assert (covered == seen.vertex_classes)[garment].float().mean() > 0.95
    twice = mirror(seen, everyone)
    assert torch.equal(twice.displacement_uv, batch.displacement_uv) and torch.equal(twice.camera, batch.camera)


def test_the_picture_still_shows_the_body_where_it_is(source, batch):
    mirror = Mirror(source.atlas())
    seen = mirror(batch, torch.ones(4, dtype=torch.bool))
    before = unwrap_image(batch.image, batch.body_uv, batch.camera)
    after = unwrap_image(seen.image, seen.body_uv, seen.camera)
    half = before.shape[-1] // 2
    flipped = torch.cat((before[..., :half].flip(-1), before[..., half:].flip(-1)), dim=-1)
    assert torch.allclose(after, flipped, atol=1e-4)
    assert before.abs().mean() > 0.05


def test_only_chosen_samples_are_reflected(source, batch):
    seen = Mirror(source.atlas())(batch, torch.tensor([True, False, False, True]))
    assert torch.equal(seen.image[1:3], batch.image[1:3]) and torch.equal(seen.camera[1:3], batch.camera[1:3])
    assert torch.equal(seen.image[0], batch.image[0].flip(-1))


def test_it_trains_and_an_atlas_without_symmetry_is_refused(make_trainer, source):
    trainer = make_trainer(**{"training.mirror": True, "evaluation.max_samples": 2})
    plain = make_trainer(**{"training.mirror": False, "evaluation.max_samples": 2})
    assert trainer.train_epoch().losses != plain.train_epoch().losses
    atlas = source.atlas()
    points = atlas.points.copy()
    points[3, 0] += 0.5
    lopsided = replace(atlas, points=points, digest="")
    with pytest.raises(UserError, match="symmetric"):
        mirror_for(lopsided, True)
    assert mirror_for(lopsided, "auto") is None and mirror_for(atlas, False) is None
    assert torch.equal(mirror_for(atlas, "auto").mates, Mirror(atlas).mates)
