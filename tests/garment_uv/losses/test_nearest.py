"""Nearest vertices against brute force; both ways of searching agree."""

import numpy as np
import pytest
import torch

from garment_uv.losses.surface import _by_distance, _by_tree, nearest_vertices


def test_each_sample_is_searched_among_its_own_vertices():
    rng = np.random.default_rng(0)
    queries, points = (torch.tensor(rng.normal(size=(50, 3, 3)), dtype=torch.float32) for _ in range(2))
    part = torch.tensor(rng.random((50, 3)) > 0.4)
    part[:, 2] = False
    found = nearest_vertices(queries, points, part)
    assert not found[~part].any()
    for sample in range(2):
        allowed = part[:, sample].nonzero().flatten().tolist()
        for vertex in allowed:
            distances = (points[allowed, sample] - queries[vertex, sample]).norm(dim=1)
            assert found[vertex, sample] == allowed[int(distances.argmin())]


@pytest.mark.parametrize("count", [1, 700, 5000])
def test_tree_and_distances_agree(count):
    generator = torch.Generator().manual_seed(count)
    queries, points = torch.randn(count, 3, generator=generator), torch.randn(900, 3, generator=generator)
    assert torch.equal(_by_tree(queries, points), _by_distance(queries, points))


def test_queries_that_are_not_finite_do_not_stop_the_search():
    queries = torch.zeros(4, 1, 3)
    queries[1], queries[2] = float("nan"), float("inf")
    found = nearest_vertices(queries, torch.randn(4, 1, 3), torch.ones(4, 1, dtype=torch.bool))
    assert found.shape == (4, 1)
