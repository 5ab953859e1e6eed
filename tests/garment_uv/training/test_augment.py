"""Colours changed at random."""

import torch

from garment_uv.training.augment import jitter_colours


def test_black_stays_black_range_is_kept_and_each_picture_differs():
    torch.manual_seed(0)
    images = torch.rand(6, 3, 4, 4) * 2 - 1
    images[:, :, 0, 0] = -1
    before = images.clone()
    changed = jitter_colours(images, 0.6)
    assert torch.equal(images, before)
    assert changed.shape == images.shape and changed.min() >= -1 and changed.max() <= 1
    assert (changed[:, :, 0, 0] == -1).all()
    same = jitter_colours(before[:1].expand(6, -1, -1, -1), 0.6)
    assert len({tuple(image.flatten().tolist()) for image in same}) == 6


def test_no_strength_changes_nothing():
    images = torch.rand(2, 3, 4, 4) * 2 - 1
    assert torch.allclose(jitter_colours(images, 0.0), images, atol=1e-6)


def test_full_strength_swaps_channels_but_keeps_a_pictures_shape():
    torch.manual_seed(1)
    images = torch.zeros(8, 3, 2, 2) - 1
    images[:, 0, 0, 0] = 0.2
    lit = jitter_colours(images, 1.0) > -1
    assert (lit.sum(dim=(1, 2, 3)) == 1).all()
    assert lit[:, :, 0, 0].any(dim=0).sum() > 1
