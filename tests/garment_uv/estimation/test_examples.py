"""What the body network learns from: pictures, squares and mirrors that fit one another."""

import numpy as np
import torch

from garment_uv.estimation.examples import Examples, Pictures, displaced_square, example_rng
from garment_uv.estimation.skeleton import MATES
from garment_uv.samples.source import iterate_samples
from tests.garment_uv.clothed import open_body


def frames(people):
    pictures = Pictures(people, "train")
    return [pictures.read(0, position) for position in range(4)]


def test_pictures_are_the_samples(people):
    for picture, sample in zip(frames(people), iterate_samples(people, "train"), strict=True):
        assert picture.key == sample.key and np.array_equal(picture.image, sample.image)
        assert np.array_equal(picture.body.pose, sample.body.pose)
    assert len(Pictures(people, "val")) == 2


def test_an_undisplaced_square_is_the_stored_one(people, small):
    examples = Examples(small(shift=0, zoom=0, colour_jitter=0, mirror=False), open_body())
    batch = examples.batch(frames(people), 0)
    assert torch.allclose(batch.place, torch.zeros(4, 3), atol=1e-6)
    assert torch.allclose(batch.seen[:, 0], torch.zeros(4, 2), atol=1e-5)
    stored = np.stack([picture.image for picture in frames(people)])
    shown = ((batch.pictures.permute(0, 2, 3, 1) + 1) * 127.5).round().byte().numpy()
    assert np.abs(shown.astype(int) - stored).max() <= 1


def test_joints_are_seen_on_the_person(people, small):
    """The picture has a white background: at the joints of the torso it is not white, also when mirrored."""
    examples = Examples(small(colour_jitter=0), open_body())
    flipped = []
    for epoch in range(6):
        batch = examples.batch(frames(people), epoch)
        torso = batch.seen[:, [0, 3, 6, 9, 12]]
        colours = torch.nn.functional.grid_sample(batch.pictures, torso[:, None], align_corners=False)[:, :, 0]
        assert (colours.min(dim=1).values < 0.8).float().mean() > 0.9
        flipped.append((batch.rotations[:, 0, :, 0] * 1).numpy())
        assert torch.allclose(batch.seen[:, 0], batch.place[:, :2], atol=1e-5)
    assert len({tuple(np.round(each.ravel(), 3)) for each in flipped}) > 1


def test_a_mirrored_example_is_the_flipped_picture(people, small):
    plain = Examples(small(mirror=False, colour_jitter=0), open_body())
    both = Examples(small(mirror=True, colour_jitter=0), open_body())
    for epoch in range(4):
        a, b = plain.batch(frames(people), epoch), both.batch(frames(people), epoch)
        for k in range(4):
            if torch.equal(a.pictures[k], b.pictures[k]):
                continue
            assert torch.equal(a.pictures[k].flip(-1), b.pictures[k])
            assert torch.allclose(a.seen[k][list(MATES)] * torch.tensor([-1, 1]), b.seen[k], atol=1e-5)
            assert torch.allclose(a.joints[k][list(MATES)] * torch.tensor([1, -1, 1]), b.joints[k], atol=1e-5)
            return
    raise AssertionError("no example was mirrored")


def test_squares_stay_within_their_bounds(small):
    config = small(shift=0.2, zoom=0.25)
    squares = [displaced_square(100, config, example_rng(0, epoch, "x")) for epoch in range(200)]
    sides = np.array([square.side for square in squares]) / 100
    aside = np.array([square.left + square.side / 2 - 50 for square in squares]) / (50 * sides)
    assert 0.77 < sides.min() < 0.85 and 1.2 < sides.max() < 1.29
    assert 0.15 < np.abs(aside).max() <= 0.2


def test_measuring_is_the_same_always(people, small):
    examples = Examples(small(), open_body())
    a, b = (examples.batch(frames(people), None) for _ in range(2))
    assert torch.equal(a.pictures, b.pictures) and torch.equal(a.place, b.place)
    assert not torch.equal(a.place, examples.batch(frames(people), 0).place)
