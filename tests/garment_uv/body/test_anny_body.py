"""The open body: that it stands, faces and bends as SMPL would, and that its skinning is Anny's own."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from garment_uv.body import BodyParameters
from garment_uv.body.anny_model import phenotypes
from garment_uv.body.anny_rig import joint_of_bone, segment_transforms
from garment_uv.body.skeleton import JOINT_NAMES, PARENTS, REST_POSE, global_rotations
from tests.garment_uv.written import joint_weights

ZERO = np.zeros(10, dtype=np.float32)
UPRIGHT = REST_POSE


def joint(name: str) -> int:
    return JOINT_NAMES.index(name)


@pytest.mark.parametrize("gender", [0, 1])
def test_rest_is_a_t_pose_upright_facing_minus_y(anny, gender):
    parameters = BodyParameters(gender, ZERO, UPRIGHT)
    vertices, joints = anny.rest(parameters), anny.joints(parameters)
    assert vertices.shape == (13718, 3) and vertices.dtype == np.float32
    assert 1.55 < np.ptp(vertices[:, 2]) < 1.95
    assert np.ptp(vertices[:, 0]) == pytest.approx(np.ptp(vertices[:, 2]), rel=0.08)
    assert joints[joint("head"), 2] > 0.4 and joints[joint("left_ankle"), 2] < -0.7
    assert joints[joint("left_wrist"), 0] > 0.5 and joints[joint("right_wrist"), 0] < -0.5
    arm = joints[joint("left_wrist")] - joints[joint("left_shoulder")]
    assert abs(arm[2]) < 0.03 and abs(arm[1]) < 0.05
    toes, heel = joints[joint("left_foot")], joints[joint("left_ankle")]
    assert toes[1] < heel[1] - 0.08
    np.testing.assert_array_equal(joints[0], 0.0)


def test_rest_is_the_upright_pose_and_left_mirrors_right(anny):
    parameters = BodyParameters(1, ZERO, UPRIGHT)
    np.testing.assert_allclose(anny.rest(parameters), anny.pose(parameters), atol=1e-6)
    joints = anny.joints(parameters)
    for name in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist", "hand"):
        left, right = joints[joint(f"left_{name}")], joints[joint(f"right_{name}")]
        np.testing.assert_allclose(left * [-1, 1, 1], right, atol=2e-3)


def test_vertices_equal_annys_own_forward(anny, poses):
    """Anny is given the same world orientation for each of its bones, and does its own chain and skinning."""
    shape = np.linspace(-1.5, 1.5, 10).astype(np.float32)
    model = anny._model
    subject = anny._shaped(0, shape)
    for pose in poses[:3]:
        transforms = segment_transforms(anny._segments, subject, global_rotations(pose[None]))[0]
        kinds = phenotypes(0, shape)
        rest = model(phenotype_kwargs=kinds)["rest_bone_poses"][0].numpy()
        wanted = np.tile(np.eye(4), (len(rest), 1, 1))
        wanted[:, :3, :3] = transforms[anny._segments.of_bone, :, :3] @ rest[:, :3, :3]
        posed = model(torch.tensor(wanted)[None], phenotype_kwargs=kinds, pose_parameterization="world-orient")
        theirs = posed["vertices"][0].numpy()
        ours = anny.pose(BodyParameters(0, shape, pose))
        body = np.unique(model.faces.numpy())
        shift = (theirs[body] - ours).mean(axis=0)
        np.testing.assert_allclose(theirs[body] - shift, ours, atol=3e-6)
        for name, vertices in anny.pose_helpers(BodyParameters(0, shape, pose)).items():
            layer = anny.helper_layers()[name]
            np.testing.assert_allclose(theirs[layer.base_vertices] - shift, vertices, atol=3e-6)


def test_joint_rotations_turn_the_bones_as_smpls_do(anny, poses):
    """Each bone's direction is the rest direction under its parent joint's global rotation."""
    rest = anny.joints(BodyParameters(0, ZERO, np.zeros(72, dtype=np.float32)))
    joints = anny.joints_many(0, ZERO, poses)
    turned = global_rotations(poses)
    for name in ("knee", "ankle", "elbow", "wrist"):
        for side in ("left_", "right_"):
            child = joint(side + name)
            parent = PARENTS[child]
            expected = turned[:, parent] @ (rest[child] - rest[parent])
            np.testing.assert_allclose(joints[:, child] - joints[:, parent], expected, atol=1e-6)


def test_turning_the_root_turns_the_body_about_the_origin(anny, poses):
    from scipy.spatial.transform import Rotation

    turn = Rotation.from_rotvec([0.0, 0.0, 0.7])
    turned = poses[0].copy()
    turned[:3] = (turn * Rotation.from_rotvec(poses[0, :3])).as_rotvec()
    before = anny.pose(BodyParameters(1, ZERO, poses[0]))
    np.testing.assert_allclose(anny.pose(BodyParameters(1, ZERO, turned)), turn.apply(before), atol=2e-6)


def test_many_poses_equal_one_by_one_and_subjects_do_not_mix(anny, poses):
    other = np.full(10, 1.5, dtype=np.float32)
    many = anny.pose_many(0, ZERO, poses)
    assert many.dtype == np.float32
    anny.pose_many(1, other, poses[:1])
    for frame, pose in enumerate(poses):
        np.testing.assert_array_equal(anny.pose(BodyParameters(0, ZERO, pose)), many[frame])
    for seed in range(20):
        anny.pose(BodyParameters(0, np.random.default_rng(seed).normal(size=10).astype(np.float32), UPRIGHT))
    np.testing.assert_array_equal(anny.pose_many(0, ZERO, poses), many)


def test_a_subject_is_shaped_once_however_many_frames_follow(anny, poses, monkeypatch):
    """Shaping asks Anny, posing does not."""
    runs, rest_model = [], anny._model.get_rest_model
    monkeypatch.setattr(anny._model, "get_rest_model", lambda shares: runs.append(shares) or rest_model(shares))
    subjects = [np.full(10, 0.01 * number, dtype=np.float32) for number in range(1, 5)]
    for _ in range(3):
        for shape in subjects:
            anny.pose_many(0, shape, poses)
            anny.joints_many(0, shape, poses)
            anny.pose(BodyParameters(0, shape, poses[0]))
    assert len(runs) == len(subjects)


def test_the_rest_model_alone_is_the_whole_models(anny):
    """Bit for bit: datasets that were made by a call of the whole model stay as they are."""
    shape = np.linspace(-1.5, 1.5, 10).astype(np.float32)
    whole = anny._model(phenotype_kwargs=phenotypes(1, shape))
    alone = anny._model.get_rest_model(anny._model.get_phenotype_blendshape_coefficients(**phenotypes(1, shape)))
    for name in ("rest_vertices", "rest_bone_heads"):
        assert np.array_equal(whole[name].numpy(), alone[name].numpy())


def test_shape_moves_height_and_girth_within_an_adults_bounds(anny):
    def size(coefficient: int, value: float, gender: int = 0) -> np.ndarray:
        shape = np.zeros(10, dtype=np.float32)
        shape[coefficient] = value
        return np.ptp(anny.rest(BodyParameters(gender, shape, UPRIGHT)), axis=0)

    heights = [size(0, value)[2] for value in (-50.0, -2.0, 0.0, 2.0, 50.0)]
    assert heights == sorted(heights) and heights[0] > 1.35 and heights[-1] < 2.05
    volumes = []
    for value in (-2.0, 0.0, 2.0):
        shape = np.array([0.0, value, *[0.0] * 8], dtype=np.float32)
        corners = anny.rest(BodyParameters(0, shape, UPRIGHT))[anny.faces].astype(np.float64)
        volumes.append(np.linalg.det(corners).sum() / 6.0)
    assert volumes[2] > 1.05 * volumes[1] > 1.1 * volumes[0]
    assert size(0, 0.0, gender=1)[2] > size(0, 0.0, gender=0)[2] + 0.05
    for name, value in phenotypes(1, np.full(10, 1e6)).items():
        assert 0.0 <= value <= 1.0, name


def test_helper_layers_wrap_the_body_in_every_pose(anny, poses):
    from scipy.spatial import cKDTree

    layers = anny.helper_layers()
    assert (len(layers["tights"].quads), len(layers["tights"].base_vertices)) == (2650, 2674)
    assert (len(layers["skirt"].quads), len(layers["skirt"].base_vertices)) == (684, 720)
    for parameters in (BodyParameters(0, ZERO, UPRIGHT), BodyParameters(0, ZERO, poses[1])):
        tree = cKDTree(anny.pose(parameters))
        worn = anny.pose_helpers(parameters)
        assert np.median(tree.query(worn["tights"])[0]) < 0.02
        assert tree.query(worn["tights"])[0].max() < 0.08
    rest = anny.rest_helpers(BodyParameters(0, ZERO, UPRIGHT))
    assert rest["skirt"][:, 2].max() < 0.2 and rest["skirt"][:, 2].min() < -0.7
    corners = rest["tights"][layers["tights"].faces].astype(np.float64)
    assert np.linalg.det(corners).sum() > 0.0  # six times the enclosed volume: faces point outward


def test_faces_point_outward(anny):
    corners = anny.rest(BodyParameters(0, ZERO, UPRIGHT))[anny.faces].astype(np.float64)
    assert 0.03 < np.linalg.det(corners).sum() / 6.0 < 0.12


def test_joint_weights_add_to_one(anny):
    weights = joint_weights(anny)
    assert weights.shape == (13718, 24)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-5)


@pytest.mark.parametrize(
    ("gender", "shape", "poses", "words"),
    [
        (2, ZERO, UPRIGHT[None], "gender"),
        (0, np.zeros(11), UPRIGHT[None], "shape has shape"),
        (0, np.full(10, np.nan), UPRIGHT[None], "not finite"),
        (0, ZERO, np.zeros((3, 24, 3)), "poses has shape"),
        (0, ZERO, np.full((1, 72), np.inf), "not finite"),
    ],
)
def test_wrong_parameters_are_refused(anny, gender, shape, poses, words):
    with pytest.raises(ValueError, match=words):
        anny.pose_many(gender, shape, poses)


def test_unknown_bone_is_refused():
    with pytest.raises(KeyError, match="tail"):
        joint_of_bone("tail.L")


def test_nothing_heavy_happens_at_import():
    code = "import sys, garment_uv.body; print({'anny', 'torch', 'warp'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"


@pytest.mark.licensed
def test_limbs_follow_a_real_sequences_joints(anny):
    """Posed by a real sequence's mocap, limbs point where its own joints do, within 10 degrees."""
    folder = os.environ.get("CLOTH3D_SAMPLES")
    if not folder:
        pytest.skip("set CLOTH3D_SAMPLES to a folder of CLOTH3D sequences to check against real joints")
    from scipy.io import loadmat

    infos = sorted(Path(folder).rglob("info_body.mat"))
    if not infos:
        pytest.skip("no info_body.mat under CLOTH3D_SAMPLES")
    real = loadmat(infos[0])["joints"]
    info = loadmat(infos[0].with_name("info.mat"), squeeze_me=True)
    ours = anny.joints_many(int(info["gender"]), info["shape"], info["poses"].T)
    names = [side + name for side in ("left_", "right_") for name in ("knee", "ankle", "elbow", "wrist", "foot")]
    for name in [*names, "spine1", "spine2"]:
        child = joint(name)
        a, b = (points[:, child] - points[:, PARENTS[child]] for points in (ours, real))
        cosine = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
        assert np.degrees(np.arccos(cosine)).max() < 10.0, name
