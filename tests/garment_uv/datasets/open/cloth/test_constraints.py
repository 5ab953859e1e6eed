import numpy as np
import pytest

from garment_uv.datasets.open._mesh import split_quads
from garment_uv.datasets.open.cloth.constraints import SLACK, angles, coloured, hinges, links, tethers
from tests.garment_uv.datasets.open.cloth.flat import grid

FOLDED = np.array([[0, 0, 0], [0, 1, 0], [-1, 0.5, 0], [1, 0.5, 0.0]])
TWO = np.array([[0, 1, 2], [1, 0, 3]])


def test_links_are_edges_and_both_diagonals():
    points, faces = grid(3, 2)
    pairs, diagonal = links(faces)
    assert (~diagonal).sum() == 17 and diagonal.sum() == 12
    length = np.linalg.norm(points[pairs[:, 0]] - points[pairs[:, 1]], axis=1)
    np.testing.assert_allclose(length, np.where(diagonal, 0.02 * np.sqrt(2), 0.02))


def test_hinges_are_the_inner_edges():
    _, faces = grid(3, 2)
    rows = hinges(split_quads(faces))
    # Seven inner edges of quads and six diagonals.
    assert len(rows) == 13
    assert all(len(set(row)) == 4 for row in rows.tolist())


@pytest.mark.parametrize("turn", [-1.2, 0.0, 0.7])
def test_a_hinge_tells_its_angle(turn):
    points = FOLDED.copy()
    points[3] = [np.cos(turn), 0.5, np.sin(turn)]
    rows = hinges(TWO)
    assert abs(angles(points, rows)[0]) == pytest.approx(abs(turn), abs=1e-9)
    mirrored = points * [1, 1, -1]
    assert angles(mirrored, rows)[0] == pytest.approx(-angles(points, rows)[0], abs=1e-9)


def test_no_colour_has_a_vertex_twice():
    _, faces = grid(6, 5)
    for rows in (links(faces)[0], hinges(split_quads(faces))):
        order, starts = coloured(rows)
        assert sorted(order.tolist()) == list(range(len(rows))) and starts[-1] == len(rows)
        for first, end in zip(starts[:-1], starts[1:], strict=True):
            used = rows[order[first:end]].ravel()
            assert len(np.unique(used)) == len(used) > 0


def test_tethers_go_to_the_nearest_source_along_the_cloth():
    points, faces = grid(4, 1)
    bent = points.copy()
    bent[:, 2] = np.abs(points[:, 0])
    sources = np.flatnonzero(points[:, 0] < -0.039)
    anchor, reach = tethers(bent, links(faces)[0], sources)
    assert (anchor[sources] == -1).all()
    far = np.flatnonzero(points[:, 0] > 0.039)
    assert set(anchor[far].tolist()) <= set(sources.tolist())
    np.testing.assert_allclose(reach[far], 0.08 * np.sqrt(2) * SLACK, rtol=1e-6)


def test_what_no_source_reaches_has_no_tether():
    points, faces = grid(1, 1)
    pairs = np.concatenate([links(faces)[0], links(faces)[0] + 4])
    anchor, _ = tethers(np.concatenate([points, points + 1]), pairs, np.array([0]))
    assert (anchor[4:] == -1).all() and (anchor[1:4] == 0).all()
