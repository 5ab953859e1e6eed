from types import SimpleNamespace

import numpy as np
import pytest

from garment_uv.body import AnnyBody, build_topology
from garment_uv.errors import UserError
from garment_uv.uv.build import build_atlas, signed_areas


@pytest.fixture(scope="module")
def anny():
    return AnnyBody()


@pytest.fixture(scope="module", params=[(0, 64), (1, 256)], ids=["quickstart", "full"])
def anny_case(request, anny):
    topology = build_topology(anny, subdivisions=request.param[0])
    return topology, build_atlas(topology, request.param[1])


def containing(atlas, places):
    """How many UV triangles hold each place [N, 2] strictly inside."""
    a, b, c = (atlas.points[atlas.uv_faces[:, corner]] for corner in range(3))

    def side(p, q):
        edge, to = q - p, places[:, None] - p
        return edge[:, 0] * to[..., 1] - edge[:, 1] * to[..., 0]

    turns = np.stack([side(a, b), side(b, c), side(c, a)])
    return (turns < -1e-9).all(axis=0).sum(axis=1)


def check(topology, atlas):
    size = atlas.size
    assert (signed_areas(atlas) > 0).all()
    rng = np.random.default_rng(0)
    places = np.concatenate([rng.uniform(0, size - 1, (150, 2)), atlas.points[:: max(1, len(atlas.points) // 80)]])
    assert containing(atlas, places).max() == 1

    front = np.unique(atlas.uv_faces[topology.islands == 0])
    back = np.unique(atlas.uv_faces[topology.islands == 1])
    assert not np.intersect1d(front, back).size
    assert len(front) + len(back) == len(atlas.points)
    assert atlas.points[front, 0].max() < size / 2 < atlas.points[back, 0].min()
    assert atlas.points[back, 0].min() - atlas.points[front, 0].max() >= 2.0
    assert atlas.points.min() >= 0 and atlas.points.max() <= size - 1

    np.testing.assert_array_equal(atlas.point_vertex[atlas.uv_faces], topology.faces["default"])
    height = topology.rest[atlas.point_vertex, 2]
    torso = np.abs(topology.rest[atlas.point_vertex, 0]) < 0.15
    assert np.corrcoef(height[torso], atlas.points[torso, 1])[0, 1] < -0.9, "head up"
    left = topology.rest[atlas.point_vertex, 0]
    assert np.corrcoef(left[front], atlas.points[front, 0])[0, 1] > 0.8, "the front is seen from the front"
    assert np.corrcoef(left[back], atlas.points[back, 0])[0, 1] < -0.8, "the back is seen from behind"
    assert signed_areas(atlas).sum() > 0.7 * size * size, "the canvas is used"


def test_lays_out_a_simple_body(body, atlas):
    check(body, atlas)


def test_lays_out_the_open_body(anny_case):
    check(*anny_case)


def test_seam_vertices_have_two_points_and_all_others_one(body, atlas):
    count = np.bincount(atlas.point_vertex, minlength=atlas.num_vertices)
    faces, islands = body.faces["default"], body.islands
    shared = np.intersect1d(faces[islands == 0], faces[islands == 1])
    assert (count[shared] == 2).all()
    assert count.sum() == atlas.num_vertices + len(shared) and count.min() == 1


def test_is_the_same_every_time(body, atlas):
    again = build_atlas(body, atlas.size)
    assert again.digest == atlas.digest and again.points.tobytes() == atlas.points.tobytes()


@pytest.mark.parametrize("size", [0, 31, 30, 129, -64])
def test_refuses_sizes_that_cannot_be_laid_out(body, size):
    with pytest.raises(UserError, match="even number"):
        build_atlas(body, size)


@pytest.mark.parametrize("damage", ["no openings", "one island", "hole", "no front"])
def test_refuses_topologies_it_cannot_cut(body, damage):
    faces, islands, rest = body.faces["default"], body.islands, body.rest
    if damage == "no openings":
        islands = np.zeros_like(islands)
    elif damage == "one island":
        islands = np.ones_like(islands)
    elif damage == "hole":
        keep = np.arange(len(faces)) != 500
        faces, islands = faces[keep], islands[keep]
    else:
        faces, islands = faces[islands == 1], islands[islands == 1]
    broken = SimpleNamespace(num_vertices=len(rest), faces={"default": faces}, islands=islands, rest=rest)
    with pytest.raises(UserError) as caught:
        build_atlas(broken, 64)
    assert "\n" not in str(caught.value)
