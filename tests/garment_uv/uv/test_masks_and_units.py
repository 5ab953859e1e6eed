"""Class masks, growing them, and the map units."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_dilation

from garment_uv.uv.segments import class_masks, garment_mask, grow
from garment_uv.uv.units import MAP_UNITS, target_map


def test_masks_hold_each_class_where_it_is():
    segments = torch.randint(0, 7, (2, 9, 9), generator=torch.Generator().manual_seed(0))
    masks = class_masks(segments)
    assert masks.shape == (2, 6, 9, 9)
    for index in range(6):
        assert torch.equal(masks[:, index] == 1, segments == index + 1)


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), texels=st.integers(0, 3))
def test_growing_is_scipys_dilation(seed, texels):
    masks = (torch.rand(1, 1, 12, 15, generator=torch.Generator().manual_seed(seed)) > 0.9).float()
    square = torch.ones(2 * texels + 1, 2 * texels + 1).numpy()
    expected = binary_dilation(masks[0, 0].numpy(), square)
    assert (grow(masks, texels)[0, 0].numpy() == expected).all()


def test_the_garment_mask_is_of_all_classes():
    segments = torch.zeros(1, 12, 12, dtype=torch.int64)
    segments[0, 5, 5], segments[0, 5, 6] = 1, 6
    mask = garment_mask(segments)
    assert mask.shape == (1, 1, 12, 12) and mask.sum() == 5 * 6


@pytest.mark.parametrize("target", ["displacement", "position"])
def test_a_raw_one_is_one_unit_and_the_limit_holds(target):
    unit = MAP_UNITS[target]
    small = torch.tensor([0.0, 1e-3, -1e-3])
    torch.testing.assert_close(unit.to_metres(small), small * unit.unit, rtol=1e-5, atol=0)
    assert unit.to_metres(torch.tensor([1e4, -1e4])).tolist() == pytest.approx([unit.limit, -unit.limit])
    torch.testing.assert_close(unit.to_metres(unit.bounded(small)), unit.to_metres(small), rtol=1e-4, atol=0)
    assert unit.to_metres(torch.tensor([1.0], dtype=torch.float16)).dtype == torch.float32


def test_target_maps():
    body, displacement = torch.randn(1, 3, 4, 4), torch.randn(1, 3, 4, 4)
    assert torch.equal(target_map(displacement, body, "displacement"), displacement)
    assert torch.equal(target_map(displacement, body, "position"), displacement + body)
