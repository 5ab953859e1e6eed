"""The body topology, judged by trimesh and libigl: two disks, a tube with joined legs, no bad face anywhere."""

import igl
import numpy as np
import pytest
import trimesh

from garment_uv.body import BodyParameters, SmplBody, build_topology
from garment_uv.body.skeleton import JOINT_NAMES, REST_POSE
from garment_uv.body.smpl_files import check_arrays

ZERO = np.zeros(10, dtype=np.float32)
UPRIGHT = REST_POSE


@pytest.fixture(scope="module", params=["coarse", "fine", "smpl"])
def topology(request, human_model):
    if request.param == "smpl":
        arrays = check_arrays(human_model, "made up")
        return build_topology(SmplBody({0: arrays, 1: arrays}), subdivisions=1)
    return request.getfixturevalue(request.param)


def mesh(topology, faces: np.ndarray) -> trimesh.Trimesh:
    surface = trimesh.Trimesh(topology.rest, faces, process=False)
    surface.remove_unreferenced_vertices()
    return surface


def compact(faces: np.ndarray) -> np.ndarray:
    return np.unique(faces, return_inverse=True)[1].reshape(faces.shape)


def loops_of(faces: np.ndarray) -> list[np.ndarray]:
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    once, counts = np.unique(edges, axis=0, return_counts=True)
    return trimesh.graph.connected_components(once[counts == 1])


@pytest.mark.parametrize(("name", "euler", "loops"), [("default", -3, 5), ("skirt", -2, 4)])
def test_faces_are_a_clean_surface_with_the_right_openings(topology, name, euler, loops):
    faces = topology.faces[name]
    assert faces.dtype == np.int32 and faces.shape[1] == 3
    surface = mesh(topology, faces)
    assert surface.is_winding_consistent
    assert surface.body_count == 1
    assert igl.is_edge_manifold(compact(faces).astype(np.int64))
    assert np.asarray(igl.is_vertex_manifold(compact(faces).astype(np.int64))).all()
    assert igl.euler_characteristic(compact(faces).astype(np.int64)) == euler
    assert len(loops_of(faces)) == loops
    assert len(np.unique(np.sort(faces, axis=1), axis=0)) == len(faces)
    assert surface.area_faces.min() > 1e-8
    assert len(np.setdiff1d(np.arange(topology.num_vertices), topology.faces["default"])) == 0


@pytest.mark.parametrize("island", [0, 1])
def test_each_island_is_one_disk(topology, island):
    faces = topology.faces["default"][topology.islands == island]
    assert igl.euler_characteristic(compact(faces).astype(np.int64)) == 1
    assert len(loops_of(faces)) == 1
    assert mesh(topology, faces).body_count == 1
    assert np.asarray(igl.is_vertex_manifold(compact(faces).astype(np.int64))).all()


def test_islands_face_front_and_back(topology):
    surface = mesh(topology, topology.faces["default"])
    depth = surface.face_normals[:, 1] * surface.area_faces
    for island, sign in ((0, -1.0), (1, 1.0)):
        facing = depth[topology.islands == island] * sign
        assert facing[facing > 0.0].sum() > 20.0 * -facing[facing < 0.0].sum()
    share = np.bincount(topology.islands, weights=surface.area_faces) / surface.area
    assert 0.4 < share[0] < 0.6


def test_skirt_bridges_the_legs_facing_outward_and_leaves_the_rest(topology):
    default = {tuple(face) for face in topology.faces["default"].tolist()}
    skirt = topology.faces["skirt"]
    added = skirt[[tuple(face) not in default for face in skirt.tolist()]]
    bridges = mesh(topology, added)
    assert 50 < len(added) < 0.05 * len(skirt)
    assert bridges.body_count == 2
    front, back = sorted(bridges.split(only_watertight=False), key=lambda bridge: bridge.centroid[1])
    for bridge, sign in ((front, -1.0), (back, 1.0)):
        outward = bridge.face_normals[:, 1] * sign
        assert np.average(outward > 0.7, weights=bridge.area_faces) > 0.9
    x = topology.rest[added][:, :, 0]
    assert ((x.max(axis=1) > -1e-3) & (x.min(axis=1) < 1e-3)).all()
    hem = max(loops_of(skirt), key=lambda loop: np.ptp(topology.rest[loop, 0]) * (topology.rest[loop, 2].mean() < -0.5))
    assert topology.rest[hem, 0].min() < -0.1 and topology.rest[hem, 0].max() > 0.1
    dropped = default - {tuple(face) for face in skirt.tolist()}
    assert 0.0 < len(dropped) < 0.12 * len(default)


def test_openings_lie_at_neck_wrists_and_ankles(coarse, anny):
    joints = np.mean([anny.joints(BodyParameters(g, ZERO, UPRIGHT)) for g in (0, 1)], axis=0)
    centres = np.stack([coarse.rest[loop].mean(axis=0) for loop in loops_of(coarse.faces["default"])])
    for name in ("neck", "left_wrist", "right_wrist", "left_ankle", "right_ankle"):
        assert np.linalg.norm(centres - joints[JOINT_NAMES.index(name)], axis=1).min() < 0.06, name


def test_subdivision_leaves_the_surface_where_it_is(coarse, fine, anny, poses):
    assert len(fine.faces["default"]) == 4 * len(coarse.faces["default"])
    body = anny.pose(BodyParameters(1, np.ones(10, dtype=np.float32), poses[0]))
    points, surface = fine.vertices(body), coarse.vertices(body)
    assert points.dtype == np.float32 and points.shape == (fine.num_vertices, 3)
    squared, _, _ = igl.point_mesh_squared_distance(
        points.astype(np.float64), surface.astype(np.float64), coarse.faces["default"].astype(np.int64)
    )
    assert np.sqrt(squared.max()) < 1e-6
    areas = [trimesh.Trimesh(v, t.faces["default"], process=False).area for v, t in ((points, fine), (surface, coarse))]
    assert areas[0] == pytest.approx(areas[1], rel=1e-6)


def test_rest_is_what_the_matrix_makes_of_the_mean_body(fine, anny):
    mean = np.mean([anny.rest(BodyParameters(g, ZERO, UPRIGHT)) for g in (0, 1)], axis=0)
    np.testing.assert_allclose(fine.vertices(mean), fine.rest, atol=1e-6)
    np.testing.assert_allclose(np.asarray(fine.subdivide.sum(axis=1)), 1.0, atol=1e-6)
    np.testing.assert_array_equal(fine.vertices(np.stack([mean, 2 * mean]))[0], fine.vertices(mean))


def test_same_body_same_digest(anny, coarse, fine):
    again = build_topology(anny, subdivisions=0)
    assert again.digest == coarse.digest != fine.digest
    np.testing.assert_array_equal(again.faces["skirt"], coarse.faces["skirt"])


def test_wrong_input_is_refused(anny, coarse):
    with pytest.raises(ValueError, match="subdivisions is 0 or more"):
        build_topology(anny, subdivisions=-1)
    with pytest.raises(ValueError, match="wanted"):
        coarse.vertices(np.zeros((5, 3)))


def test_a_body_with_a_hole_is_refused(human_model):
    template, faces = human_model["v_template"], human_model["f"].astype(np.int64)
    belly = np.linalg.norm(template[faces].mean(axis=1) - [0.0, -0.1, 0.12], axis=1).argmin()
    arrays = check_arrays({**human_model, "f": np.delete(faces, belly, axis=0)}, "made up")
    with pytest.raises(ValueError, match="5 openings, this one has 6"):
        build_topology(SmplBody({0: arrays, 1: arrays}))
