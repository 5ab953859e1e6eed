"""Loops, pieces and subdivision on meshes whose answers are known, and against trimesh."""

import numpy as np
import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st

from garment_uv.geometry.edges import (
    boundary_loops,
    face_components,
    largest_component,
    midpoint_matrix,
    refine_path,
    subdivide_midpoints,
    unique_edges,
)
from garment_uv.geometry.normals import vertex_normals


def grid(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    index = np.arange((rows + 1) * (columns + 1)).reshape(rows + 1, columns + 1)
    a, b, c, d = (part.ravel() for part in (index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]))
    points = np.stack([*np.meshgrid(np.arange(columns + 1.0), np.arange(rows + 1.0)), np.zeros(index.shape)], axis=-1)
    return points.reshape(-1, 3), np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])


@given(st.integers(1, 6), st.integers(1, 6))
def test_a_grid_is_a_disk_with_its_rim_as_boundary(rows, columns):
    _, faces = grid(rows, columns)
    loops = boundary_loops(faces)
    assert len(np.unique(faces)) - len(unique_edges(faces)[0]) + len(faces) == 1
    assert len(loops) == 1 and len(loops[0]) == 2 * (rows + columns)


def test_loops_run_with_their_faces():
    _, faces = grid(3, 3)
    directed = {tuple(edge) for face in faces for edge in zip(face, np.roll(face, -1), strict=True)}
    loop = boundary_loops(faces)[0]
    assert all((a, b) in directed for a, b in zip(loop, np.roll(loop, -1), strict=True))


def test_a_pinched_boundary_is_refused():
    with pytest.raises(ValueError, match="on the boundary twice"):
        boundary_loops(np.array([[0, 1, 2], [0, 3, 4]]))


def test_pieces_and_cuts():
    _, faces = grid(1, 4)
    assert face_components(faces).max() == 0
    assert face_components(faces, np.array([[7, 2]])).max() == 1
    two = np.concatenate([faces, faces[:3] + 100])
    np.testing.assert_array_equal(largest_component(two), np.arange(11) < 8)


def test_normals_equal_trimeshs_on_a_sphere():
    ball = trimesh.creation.icosphere(subdivisions=3)
    normals = vertex_normals(ball.vertices, ball.faces)
    assert (normals * ball.vertices).sum(axis=1).min() > 0.999


def test_subdivision_equals_trimeshs():
    ball = trimesh.creation.icosphere(subdivisions=1)
    faces, edges = subdivide_midpoints(np.asarray(ball.faces), len(ball.vertices))
    points = midpoint_matrix(edges, len(ball.vertices)) @ ball.vertices
    theirs = trimesh.Trimesh(*trimesh.remesh.subdivide(ball.vertices, ball.faces))
    ours = trimesh.Trimesh(points, faces, process=False)
    assert ours.is_watertight and ours.is_winding_consistent
    assert ours.volume == pytest.approx(theirs.volume, rel=1e-6)
    assert len(points) == len(theirs.vertices) and len(faces) == len(theirs.faces)
    np.testing.assert_allclose(ours.triangles_center[4 * 7 + 3], ball.triangles_center[7], atol=1e-6)


def test_a_path_gets_its_midpoints():
    points, faces = grid(1, 2)
    finer, edges = subdivide_midpoints(faces, len(points))
    path = refine_path(np.array([0, 1, 5]), edges, len(points))
    refined = (midpoint_matrix(edges, len(points)) @ points)[path]
    np.testing.assert_allclose(refined, [[0, 0, 0], [0.5, 0, 0], [1, 0, 0], [1.5, 0.5, 0], [2, 1, 0]])
    assert set(map(tuple, np.sort(np.stack([path[:-1], path[1:]], 1), 1).tolist())) <= {
        tuple(sorted(edge)) for face in finer.tolist() for edge in zip(face, face[1:] + face[:1], strict=True)
    }
