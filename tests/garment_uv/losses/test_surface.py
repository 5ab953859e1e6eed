"""Operators against libigl, covered parts against sets written out."""

import igl
import numpy as np
import pytest
import torch

from garment_uv.losses.means import mean_of
from garment_uv.losses.surface import (
    SurfaceOperators,
    covered_normals,
    edge_lengths_cm,
    edge_term,
    laplacian_term,
    laplacian_true_term,
    normal_term,
)


@pytest.fixture(params=["default", "skirt"])
def surface(request, atlas):
    faces = atlas.faces[request.param]
    return faces.astype(np.int64), SurfaceOperators(faces, atlas.num_vertices).double()


def full(operators, vertices):
    """Everything covered, one sample."""
    return operators.covered(torch.ones(1, len(vertices), dtype=torch.int64))


def columns(vertices) -> torch.Tensor:
    return torch.tensor(vertices, dtype=torch.float64).unsqueeze(1)


def test_normals_are_libigls(surface, tube):
    faces, operators = surface
    ours = covered_normals(operators, columns(tube), full(operators, tube))[:, 0].numpy()
    theirs = igl.per_vertex_normals(tube, faces, igl.PER_VERTEX_NORMALS_WEIGHTING_TYPE_AREA)
    used = np.unique(faces)
    assert np.abs(ours[used] - theirs[used]).max() < 1e-6
    assert not ours[np.setdiff1d(np.arange(len(tube)), used)].any()


def test_laplacian_is_libigls_adjacency(surface, tube):
    faces, operators = surface
    used = np.unique(faces)
    adjacency = igl.adjacency_matrix(faces).astype(float)
    degree = np.asarray(adjacency.sum(axis=1)).ravel()
    mean = (adjacency @ tube[: adjacency.shape[0]])[used] / degree[used, None]
    ours = operators.laplacian(columns(tube))[:, 0].numpy()
    np.testing.assert_allclose(ours[used], mean - tube[used], atol=1e-7)
    assert not ours[np.setdiff1d(np.arange(len(tube)), used)].any()


def uniform_laplacian(faces, positions) -> np.ndarray:
    """The mean of each vertex's neighbours minus the vertex, neighbour by neighbour; 0 for a vertex of no face."""
    around: dict[int, set[int]] = {}
    for face in faces.tolist():
        for corner in range(3):
            around.setdefault(face[corner], set()).update({face[corner - 1], face[corner - 2]})
    return np.array(
        [np.mean(positions[sorted(around[v])], axis=0) - positions[v] if v in around else np.zeros(3)
         for v in range(len(positions))]
    )  # fmt: skip


def test_the_laplacian_terms_are_squared_offsets_and_their_differences_in_cm2(surface, tube):
    faces, operators = surface
    covered = full(operators, tube)
    inner = covered.interior[:, 0].numpy()
    other = tube + np.random.default_rng(1).normal(0, 0.003, tube.shape)
    offsets, wanted = (1e2 * uniform_laplacian(faces, positions)[inner] for positions in (other, tube))
    smooth = mean_of([laplacian_term(operators, columns(other), covered)]).item()
    against = mean_of([laplacian_true_term(operators, columns(other), columns(tube), covered)]).item()
    assert inner.sum() > 20
    assert smooth == pytest.approx((offsets**2).sum(axis=1).mean(), rel=1e-5)
    assert against == pytest.approx(((offsets - wanted) ** 2).sum(axis=1).mean(), rel=1e-5)


def test_only_the_true_laplacian_is_content_with_the_true_surface(surface, tube):
    faces, operators = surface
    covered, true = full(operators, tube), columns(tube)
    moved = true + 0.01
    assert mean_of([laplacian_true_term(operators, moved, true, covered)]) < 1e-12
    assert mean_of([laplacian_term(operators, true, covered)]) > 0.1
    shrunk = true * 0.9
    assert mean_of([laplacian_term(operators, shrunk, covered)]) < mean_of([laplacian_term(operators, true, covered)])
    assert mean_of([laplacian_true_term(operators, shrunk, true, covered)]) > 1e-3


def test_edges_are_libigls(surface, tube):
    faces, operators = surface
    theirs = igl.edges(faces)
    theirs = theirs[np.lexsort((theirs.max(1), theirs.min(1)))]
    np.testing.assert_array_equal(operators.edges.numpy(), np.sort(theirs, axis=1))
    lengths = np.linalg.norm(tube[theirs[:, 0]] - tube[theirs[:, 1]], axis=1) * 100
    np.testing.assert_allclose(edge_lengths_cm(operators, columns(tube))[:, 0], lengths, atol=1e-6)


def test_covered_parts_are_those_of_faces_of_one_class(surface, tube):
    faces, operators = surface
    rng = np.random.default_rng(0)
    classes = np.stack([np.repeat(rng.integers(0, 3, 9), 12), rng.integers(0, 2, 108), np.zeros(108, int)])
    covered = operators.covered(torch.tensor(classes))
    border = {tuple(sorted(edge)) for edge in igl.boundary_facets(faces)[0].tolist()}
    for sample, labels in enumerate(classes):
        kept = [f for f in faces if labels[f[0]] and len({labels[v] for v in f}) == 1]
        edges = {tuple(sorted((f[i], f[i - 2]))) for f in kept for i in range(3)}
        vertices = {v for f in kept for v in f}
        interior = {
            v
            for v in vertices
            if all(len({labels[u] for u in f}) == 1 for f in faces if v in f) and not any(v in edge for edge in border)
        }
        assert int(covered.faces[:, sample].sum()) == len(kept)
        found = operators.edges[covered.edges[:, sample]].tolist()
        assert {tuple(edge) for edge in found} == edges
        assert set(covered.vertices[:, sample].nonzero().flatten().tolist()) == vertices
        assert set(covered.interior[:, sample].nonzero().flatten().tolist()) == interior


def test_a_moved_copy_has_the_same_edges_and_normals_but_not_a_scaled_one(surface, tube):
    _, operators = surface
    covered, true = full(operators, tube), columns(tube)
    apart = true + 0.001
    assert mean_of([normal_term(operators, apart, true, covered)]) < 1e-12
    assert mean_of([edge_term(operators, apart, true, covered)]) < 1e-12
    lengths = edge_lengths_cm(operators, true)
    expected = (0.1 * lengths).square()[covered.edges].mean()
    scaled = mean_of([edge_term(operators, true * 1.1, true, covered)])
    assert scaled.item() == pytest.approx(expected.item(), rel=1e-5)
