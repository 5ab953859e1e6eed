import numpy as np
import pytest

from garment_uv.geometry.rays import first_hits

SQUARES = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 2], [1, 0, 2], [1, 1, 2], [0, 1, 2]], float)
FACES = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])


def test_meets_the_first_face_at_the_right_point():
    rng = np.random.default_rng(2)
    origins = np.column_stack([rng.uniform(0.05, 0.95, (40, 2)), np.full(40, 1.5)])
    down, up = np.tile([0.0, 0.0, -1.0], (40, 1)), np.tile([0.0, 0.0, 1.0], (40, 1))
    for direction, height, travelled in ((down, 0.0, 1.5), (up, 2.0, 0.5)):
        hits = first_hits(SQUARES, FACES, origins, direction, np.full(40, 5.0))
        where = np.einsum("nk,nkc->nc", hits.weights, SQUARES[FACES[hits.face]])
        np.testing.assert_allclose(where, np.column_stack([origins[:, :2], np.full(40, height)]), atol=1e-5)
        np.testing.assert_allclose(hits.distance, travelled, atol=1e-5)


def test_respects_the_reach_and_misses():
    origins, direction = np.array([[0.5, 0.5, 1.5]] * 2 + [[3.0, 3.0, 1.0]]), np.tile([0.0, 0.0, -1.0], (3, 1))
    hits = first_hits(SQUARES, FACES, origins, direction, np.array([1.0, 2.0, 9.0]))
    assert hits.face[0] == -1 and hits.face[1] >= 0 and hits.face[2] == -1
    assert hits.distance[0] == np.inf and hits.distance[1] == pytest.approx(1.5)
