"""SMPL's layer against a slow reference written straight from the paper's equations, one vertex at a time."""

import os

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from garment_uv.body import BodyParameters, SmplBody, load_body
from garment_uv.body.skeleton import PARENTS, REST_POSE
from garment_uv.body.smpl_files import check_arrays
from garment_uv.errors import UserError

ZERO = np.zeros(10, dtype=np.float32)


@pytest.fixture(scope="module")
def body(small_model) -> SmplBody:
    arrays = check_arrays(small_model, "made up")
    return SmplBody({0: arrays, 1: arrays})


def reference(model: dict, shape: np.ndarray, pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and joints by equations 6 to 10 of the SMPL paper, minus the rest root joint; loops, float64."""
    template = np.array(model["v_template"])
    for k in range(10):
        template = template + shape[k] * model["shapedirs"][:, :, k]
    joints = model["J_regressor"] @ template
    local = [Rotation.from_rotvec(pose[3 * k : 3 * k + 3]).as_matrix() for k in range(24)]
    bent = np.array(template)
    for k in range(1, 24):
        for entry in range(9):
            value = local[k].ravel()[entry] - np.eye(3).ravel()[entry]
            bent = bent + value * model["posedirs"][:, :, 9 * (k - 1) + entry]
    world = []
    for k in range(24):
        matrix = np.eye(4)
        matrix[:3, :3] = local[k]
        matrix[:3, 3] = joints[k] - (joints[PARENTS[k]] if k else 0.0)
        world.append(matrix if k == 0 else world[PARENTS[k]] @ matrix)
    posed_joints = np.stack([matrix[:3, 3] for matrix in world])
    vertices = []
    for index, point in enumerate(bent):
        blended = np.zeros((4, 4))
        for k in range(24):
            unrest = np.eye(4)
            unrest[:3, 3] = -joints[k]
            blended += model["weights"][index, k] * world[k] @ unrest
        vertices.append((blended @ np.append(point, 1.0))[:3])
    return np.array(vertices) - joints[0], posed_joints - joints[0]


def test_vertices_and_joints_equal_the_reference(body, small_model, poses):
    rng = np.random.default_rng(2)
    for pose in poses:
        shape = rng.normal(size=10).astype(np.float32)
        vertices, joints = reference(small_model, shape, pose)
        parameters = BodyParameters(1, shape, pose)
        assert body.pose(parameters).dtype == np.float32
        np.testing.assert_allclose(body.pose(parameters), vertices, atol=5e-6)
        np.testing.assert_allclose(body.joints(parameters), joints, atol=1e-6)


def test_rest_is_cloth3ds_rest_pose_whatever_the_pose(body, small_model):
    shape = np.linspace(-1.0, 1.0, 10).astype(np.float32)
    vertices, _ = reference(small_model, shape, REST_POSE)
    rest = body.rest(BodyParameters(0, shape, np.full(72, 0.3, dtype=np.float32)))
    np.testing.assert_allclose(rest, vertices, atol=5e-6)
    np.testing.assert_allclose(REST_POSE.reshape(24, 3)[[0, 1, 2]], [[np.pi / 2, 0, 0], [0, 0, 0.15], [0, 0, -0.15]])


def test_the_rest_root_is_what_rest_subtracts(body, small_model):
    """SMPL's own rest body, y-up and not root-relative, turned to z-up is `rest` at zero pose plus `rest_root`."""
    shape = np.linspace(-1.0, 1.0, 10).astype(np.float32)
    template = small_model["v_template"] + small_model["shapedirs"][:, :, :10] @ shape
    upright = np.zeros(72, dtype=np.float32)
    upright[0] = np.pi / 2
    parameters = BodyParameters(0, shape, upright)
    wanted = np.stack([template[:, 0], -template[:, 2], template[:, 1]], axis=1)
    np.testing.assert_allclose(body.pose(parameters) + body.rest_root(parameters), wanted, atol=5e-6)


def test_many_poses_equal_one_by_one(body, poses):
    many = body.pose_many(0, ZERO, poses)
    joints = body.joints_many(0, ZERO, poses)
    for frame, pose in enumerate(poses):
        np.testing.assert_allclose(body.pose(BodyParameters(0, ZERO, pose)), many[frame], atol=1e-6)
        np.testing.assert_array_equal(joints[frame, 0], 0.0)
    np.testing.assert_array_equal(body.pose_many(0, ZERO, poses), many)


def test_a_missing_gender_is_named(small_model, poses):
    body = SmplBody({0: check_arrays(small_model, "made up")})
    with pytest.raises(UserError, match="a subject is male and no male SMPL file"):
        body.pose(BodyParameters(1, ZERO, poses[0]))
    with pytest.raises(UserError, match="at least one gender"):
        SmplBody({})
    with pytest.raises(ValueError, match="not finite"):
        body.pose(BodyParameters(0, np.full(10, np.nan), poses[0]))


def test_digest_follows_the_arrays(small_model, body):
    assert body.digest == SmplBody({g: check_arrays(small_model, "made up") for g in (0, 1)}).digest
    moved = {**small_model, "v_template": small_model["v_template"] + 1e-6}
    assert body.digest != SmplBody({g: check_arrays(moved, "made up") for g in (0, 1)}).digest


def test_genders_of_different_releases_are_refused(small_model):
    other = {**small_model, "f": small_model["f"][::-1]}
    with pytest.raises(UserError, match="different faces"):
        SmplBody({0: check_arrays(small_model, "a"), 1: check_arrays(other, "b")})


def test_load_body_by_name(tmp_path, small_model):
    for name in ("SMPL_FEMALE.npz", "basicModel_m_lbs_10_207_0_v1.0.0.npz"):
        np.savez(tmp_path / name, **small_model)
    body = load_body("smpl", tmp_path)
    assert body.name == "smpl" and body.faces.shape == (60, 3)
    with pytest.raises(UserError, match="--smpl-dir"):
        load_body("smpl")
    with pytest.raises(UserError, match="choose one of anny, smpl"):
        load_body("smplx")


@pytest.mark.licensed
def test_the_users_own_files(poses):
    """A real SMPL folder (SMPL_DIR, converted to .npz): its known sizes, and our layer against the reference."""
    folder = os.environ.get("SMPL_DIR")
    if not folder:
        pytest.skip("set SMPL_DIR to a folder with your female and male SMPL .npz to test on the real model")
    body = load_body("smpl", folder)
    assert body.faces.shape == (13776, 3)
    gender, arrays = next(iter(body._models.items()))
    model = {key: getattr(arrays, key) for key in ("v_template", "shapedirs", "posedirs", "J_regressor", "weights")}
    vertices, joints = reference(model, np.ones(10), poses[0])
    parameters = BodyParameters(gender, np.ones(10, dtype=np.float32), poses[0])
    np.testing.assert_allclose(body.pose(parameters), vertices, atol=5e-6)
    np.testing.assert_allclose(body.joints(parameters), joints, atol=1e-6)
    height = np.ptp(body.rest(BodyParameters(gender, ZERO, poses[0]))[:, 2])
    assert 1.4 < height < 2.0
