import numpy as np
import pytest
import scipy.sparse as sp
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from garment_uv.datasets.open._mesh import clip, edges_of, split_quads, subdivide


def grid(count=6):
    """A unit square of count x count quads in the plane z = 0."""
    step = np.linspace(0, 1, count + 1)
    points = np.array([(x, y, 0.0) for y in step for x in step])
    row = count + 1
    corner = np.array([y * row + x for y in range(count) for x in range(count)])
    return points, np.stack([corner, corner + 1, corner + row + 1, corner + row], axis=1).astype(np.int32)


def area(points, faces):
    return trimesh.Trimesh(points, split_quads(faces), process=False).area


def euler(faces):
    return len(np.unique(faces)) - len(edges_of(faces)) + len(faces)


def test_subdividing_a_plane_keeps_its_border_and_topology():
    points, faces = grid()
    weights, fine = subdivide(faces, len(points))
    moved = weights @ points
    np.testing.assert_allclose(np.asarray(weights.sum(axis=1)).ravel(), 1, atol=1e-12)
    assert len(fine) == 4 * len(faces) and euler(fine) == euler(faces) == 1
    np.testing.assert_allclose(moved[:, 2], 0, atol=1e-12)
    # The border curve is a B-spline: it only rounds the four corners.
    assert area(moved, fine) == pytest.approx(1, abs=0.01)


def test_subdividing_a_cube_is_the_published_rule():
    points = np.array([(x, y, z) for z in (-1, 1) for y in (-1, 1) for x in (-1, 1.0)])
    faces = np.array(
        [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]], dtype=np.int32
    )
    weights, fine = subdivide(faces, 8)
    moved = weights @ points
    # Corner: (F + 2 R + (3 - 3) P) / 3 with F = 1/3 and R = 2/3 of the corner; edges 3/4; faces 1.
    np.testing.assert_allclose(np.abs(moved[:8]), 5 / 9, atol=1e-12)
    np.testing.assert_allclose(np.sort(np.abs(moved[8:20]), axis=1), [[0, 0.75, 0.75]] * 12, atol=1e-12)
    assert len(fine) == 24 and euler(fine) == 2


def test_subdividing_triangles_makes_three_quads_each():
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0.0]])
    weights, fine = subdivide(np.array([[0, 1, 2, 2]], dtype=np.int32), 3)
    assert fine.shape == (3, 4) and weights.shape == (7, 3) and euler(fine) == 1
    np.testing.assert_allclose((weights @ points)[6], [1 / 3, 1 / 3, 0])


def half_square(direction, offset):
    """Area of the unit square beyond a line, by counting a fine raster."""
    step = (np.arange(400) + 0.5) / 400 - 0.5
    return (step[:, None] * direction[0] + step[None] * direction[1] > offset).mean()


@settings(max_examples=60)
@given(st.floats(-3.1, 3.1), st.floats(-0.3, 0.3))
def test_clipping_leaves_exactly_the_half_plane(angle, offset):
    points, faces = grid()
    direction = np.array([np.cos(angle), np.sin(angle), 0])
    field = (points - [0.5, 0.5, 0]) @ direction - offset
    weights, kept = clip(sp.identity(len(points), format="csr"), faces, field)
    moved = weights @ points
    np.testing.assert_allclose(np.asarray(weights.sum(axis=1)).ravel(), 1, atol=1e-12)
    # Exact area of the square on the positive side of the line.
    # Snapping a border vertex along the border or inwards changes the outline by less than a cell's corner.
    assert area(moved, kept) == pytest.approx(half_square(direction[:2], offset), abs=0.02)
    assert ((moved - [0.5, 0.5, 0]) @ direction - offset > -1e-9).all()
    assert euler(kept) == 1
    normals = trimesh.Trimesh(moved, split_quads(kept), process=False).triangles_cross[:, 2]
    assert (normals > -1e-9).all()


def test_a_clean_cut_has_no_slivers():
    points, faces = grid(10)
    weights, kept = clip(sp.identity(len(points), format="csr"), faces, points[:, 0] - 0.503)
    moved = weights @ points
    assert moved[:, 0].min() == pytest.approx(0.503)
    edges = edges_of(kept)
    assert np.linalg.norm(moved[edges[:, 0]] - moved[edges[:, 1]], axis=1).min() > 0.03


def test_a_cut_that_leaves_nothing_is_refused():
    points, faces = grid()
    with pytest.raises(ValueError, match="nothing"):
        clip(sp.identity(len(points), format="csr"), faces, -np.ones(len(points)))
