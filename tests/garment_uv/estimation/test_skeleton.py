"""Joints from rotations alone are the body model's, also in a mirror."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from garment_uv.body import BodyParameters
from garment_uv.body.skeleton import JOINT_NAMES
from garment_uv.datasets.cloth3d.camera import turned
from garment_uv.estimation.skeleton import MATES, SIDEWAYS, bone_offsets, joint_rotations, mirrored, posed_joints
from garment_uv.geometry.rotations import axis_angles
from tests.garment_uv.clothed import open_body, open_poser, person


@pytest.fixture(params=[0, 1, 2])
def body(request):
    rng = np.random.default_rng(request.param)
    person_ = person(request.param)
    pose = person_.pose.reshape(24, 3) + rng.normal(0, 0.3, (24, 3))
    return replace(person_, pose=pose.astype(np.float32).ravel())


def posed(rotations, offsets):
    return posed_joints(torch.from_numpy(rotations)[None], torch.from_numpy(offsets).double()[None])[0].numpy()


def test_joints_are_the_body_models(body):
    expected = turned(open_body().joints(BodyParameters(body.gender, body.shape, body.pose)), body.zrot)
    found = posed(joint_rotations(body), bone_offsets(open_body(), body.gender, body.shape))
    assert np.abs(found - expected).max() < 2e-5


def test_a_pose_without_zrot_is_the_same_body(body):
    pose = axis_angles(joint_rotations(body)).ravel()
    again = open_poser().vertices(replace(body, pose=pose, zrot=0.0))
    assert np.abs(again - open_poser().vertices(body)).max() < 1e-4


def test_the_mirror_exchanges_left_and_right(body):
    rotations, offsets = joint_rotations(body), bone_offsets(open_body(), body.gender, body.shape)
    there = mirrored(rotations, offsets)
    assert np.abs(posed(*there) - (posed(rotations, offsets) @ SIDEWAYS)[list(MATES)]).max() < 1e-6
    assert np.abs(offsets[list(MATES)] * (-1, 1, 1) - offsets).max() < 2e-3  # people are symmetric
    back = mirrored(*there)
    assert np.abs(back[0] - rotations).max() < 1e-9
    pose = axis_angles(there[0]).ravel()
    surface = open_poser().vertices(replace(body, pose=pose, zrot=0.0))
    extent = open_poser().vertices(body) @ SIDEWAYS
    assert np.abs(surface.min(axis=0) - extent.min(axis=0)).max() < 5e-3
    assert np.abs(surface.max(axis=0) - extent.max(axis=0)).max() < 5e-3


def test_mates():
    assert JOINT_NAMES[MATES[JOINT_NAMES.index("left_knee")]] == "right_knee"
    assert MATES[0] == 0 and [MATES[mate] for mate in MATES] == list(range(24))
