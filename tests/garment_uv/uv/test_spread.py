"""A spread layout: its points keep their distance, its triangles their side, and its halves their symmetry."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from garment_uv.geometry.edges import border_edges
from garment_uv.uv.build import build_atlas
from garment_uv.uv.sampling import sampling_matrix
from garment_uv.uv.spread import crossings, least_distance, signed_areas, spread_points


@pytest.fixture(scope="module")
def open_atlases(small_open_body, spread_atlas):
    return {"crowded": build_atlas(small_open_body, 128), "spread": spread_atlas}


def nearest(points):
    return cKDTree(points).query(points, k=2)[0][:, 1]


def test_points_keep_a_distance_where_they_crowded(open_atlases):
    crowded, spread = (nearest(open_atlases[layout].points) for layout in ("crowded", "spread"))
    assert crowded.min() < 0.1 and (crowded < 0.9).sum() > 300
    assert spread.min() > 0.65 and (spread < 0.97).sum() < 40


def test_no_triangle_is_turned_over_and_no_parts_overlap(open_atlases):
    atlas = open_atlases["spread"]
    assert signed_areas(atlas.points, atlas.uv_faces).min() > 0.1
    assert crossings(atlas.points, atlas.uv_faces) == 0
    lifted = np.column_stack([atlas.points, np.zeros(len(atlas.points))])
    a, b, c = (lifted[atlas.uv_faces[:, corner], :2] for corner in range(3))
    assert (
        np.abs(np.cross(np.column_stack([b - a, 0 * a[:, 0]]), np.column_stack([c - a, 0 * a[:, 0]]))[:, 2]).min() > 0
    )


def test_a_map_can_say_something_else_at_every_vertex(open_atlases):
    """By singular values of all of S, which nothing of ours is asked for."""
    least = {}
    for layout, atlas in open_atlases.items():
        chest = np.unique(atlas.point_vertex[np.linalg.norm(atlas.points - (22, 34), axis=1) < 9])
        read = sampling_matrix(atlas)[chest]
        read = read[:, np.unique(read.indices)].toarray()
        least[layout] = np.linalg.svd(read, compute_uv=False)[-1] if read.shape[0] <= read.shape[1] else 0.0
    assert least["crowded"] < 1e-8 and least["spread"] > 0.1


def test_halves_that_are_mirrors_of_themselves_stay_so(open_atlases):
    from garment_uv.training.augment import vertex_mates

    mates = {layout: vertex_mates(atlas) for layout, atlas in open_atlases.items()}
    np.testing.assert_array_equal(mates["crowded"], mates["spread"])


def test_the_same_bytes_every_time(small_open_body, open_atlases):
    assert build_atlas(small_open_body, 128, "spread").digest == open_atlases["spread"].digest


def test_what_lies_apart_is_left_where_it_is():
    rows, columns = np.indices((6, 6))
    points = np.stack([4 + 3.0 * columns.ravel(), 4 + 3.0 * rows.ravel()], axis=1)
    at = rows[:-1, :-1].ravel() * 6 + columns[:-1, :-1].ravel()
    faces = np.concatenate([np.stack([at, at + 6, at + 1], axis=1), np.stack([at + 1, at + 6, at + 7], axis=1)])
    assert (signed_areas(points, faces) > 0).all() and len(border_edges(faces)) == 20
    np.testing.assert_allclose(spread_points(points, faces, 32, 1.0), points, atol=1e-12)
    pinched = points.copy()
    pinched[14] = pinched[15] + [-0.3, 0.0]
    moved = spread_points(pinched, faces, 32, 1.0)
    assert nearest(pinched).min() < 0.31 and nearest(moved).min() > 0.95
    assert (signed_areas(moved, faces) > 0).all()


def test_a_canvas_too_small_for_its_points_asks_for_less():
    assert least_distance(100, 128) == 1.15 and 1.0 < least_distance(4158, 128) < 1.15
    assert least_distance(4158, 64) == pytest.approx(0.65 * np.sqrt(0.68 * 64 * 64 / 4158))


def test_crossing_outlines_are_counted():
    square = np.array([[0, 1, 2], [0, 2, 3]])
    points = np.array([[0, 0], [0, 4], [4, 4], [4, 0]], float)
    assert crossings(np.concatenate([points, points + 6]), np.concatenate([square, square + 4])) == 0
    assert crossings(np.concatenate([points, points + 2]), np.concatenate([square, square + 4])) == 2
