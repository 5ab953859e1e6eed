"""Operators that read, scale and join maps, each held to the same."""

import pytest
import torch

from garment_uv.uv.sampling import MapSampler
from garment_uv.uv.units import MAP_UNITS, target_map
from tests.garment_uv.cylinder import cylinder_atlas
from tests.testing import Case, OperatorTests

BATCH = 3


def maps(size: int, seed: int = 0) -> torch.Tensor:
    """float64 [B, 3, U, U]."""
    return torch.randn(BATCH, 3, size, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


class TestMapSampler(OperatorTests):
    wide, half = False, True

    @pytest.fixture(params=["bilinear", "nearest"])
    def case(self, request):
        atlas = cylinder_atlas()
        values = maps(atlas.size)
        odd = {"zeros": (values * 0,), "large": (values * 1e6,)}
        return Case(MapSampler(atlas, request.param), values, shape=(BATCH, atlas.num_vertices, 3), degenerate=odd)


class TestMapUnit(OperatorTests):
    half = True

    @pytest.fixture(params=MAP_UNITS)
    def case(self, request):
        values, odd = maps(8), {"far beyond the limit": (maps(8) * 1e6,)}
        return Case(MAP_UNITS[request.param].to_metres, values, shape=values.shape, degenerate=odd)


class TestTargetMap(OperatorTests):
    @pytest.fixture(params=["displacement", "position"])
    def case(self, request):
        values = maps(8)
        return Case(lambda d, b: target_map(d, b, request.param), values, (maps(8, seed=1),), shape=values.shape)
