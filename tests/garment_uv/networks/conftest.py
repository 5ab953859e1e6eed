"""Inputs of the networks, small and made by seed."""

import pytest
import torch


def _segments(batch: int, size: int) -> torch.Tensor:
    """Two-piece outfits, a dress, nothing at all: one after the other."""
    segments = torch.zeros(batch, size, size, dtype=torch.int64)
    quarter = size // 4
    for index in range(batch):
        if index % 3 == 0:
            segments[index, quarter : 2 * quarter, 2:-3] = 2
            segments[index, 2 * quarter : 3 * quarter, 5 : size // 2] = 3
        elif index % 3 == 1:
            segments[index, quarter:-2, quarter:-quarter] = 6
    return segments


@pytest.fixture
def make_inputs():
    """A function of batch, U and I giving (image, body_uv, camera, segments)."""

    def make(batch: int = 2, size: int = 32, image_size: int = 48, seed: int = 0):
        generator = torch.Generator().manual_seed(seed)
        image = torch.rand(batch, 3, image_size, image_size, generator=generator) * 2 - 1
        body_uv = torch.randn(batch, 3, size, size, generator=generator) * 0.3
        camera = torch.tensor([[5.0, 0.1, 0.2]]).expand(batch, -1).clone()
        return image, body_uv, camera, _segments(batch, size)

    return make
