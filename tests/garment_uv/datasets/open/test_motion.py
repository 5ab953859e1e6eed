import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from garment_uv.body.protocol import BodyParameters
from garment_uv.datasets.open.motion import EVERYDAY, MOTIONS, REACH, make_motion


@pytest.mark.parametrize("kind", [*MOTIONS, *EVERYDAY])
def test_motions_are_smooth_and_stay_near(kind):
    motion = make_motion(kind, 120, 0.0, np.random.default_rng(1))
    assert motion.poses.shape == (120, 72) and np.isfinite(motion.poses).all()
    turns = Rotation.from_rotvec(motion.poses.reshape(-1, 3)).as_matrix().reshape(120, 24, 3, 3)
    step = np.einsum("tjab,tjac->tjbc", turns[:-1], turns[1:])
    angle = np.degrees(np.arccos(np.clip((np.trace(step, axis1=2, axis2=3) - 1) / 2, -1, 1)))
    assert angle.max() < 25, "degrees a frame"
    assert np.abs(motion.path).max() <= REACH + 1e-9 and (motion.lift >= 0).all()
    assert np.abs(np.diff(motion.path, axis=0)).max() < 0.08 and np.abs(np.diff(motion.lift)).max() < 0.08


def test_poses_within_a_motion_differ():
    for kind in [*MOTIONS, *EVERYDAY]:
        poses = make_motion(kind, 60, 0.0, np.random.default_rng(0)).poses
        assert np.abs(poses - poses[0]).max() > 0.2


def test_heading_faces_the_camera(stage):
    pose = make_motion("arms", 3, 0.0, np.random.default_rng(0)).poses[1].astype(np.float32)
    joints = stage.body.joints(BodyParameters(0, np.zeros(10, np.float32), pose))
    toes = joints[[10, 11]].mean(axis=0) - joints[[7, 8]].mean(axis=0)
    assert toes[0] > 0.05 and abs(toes[1]) < 0.05
    assert joints[15, 2] > 0.5, "head up"
    assert joints[1, 1] < 0.0 or joints[1, 1] > joints[2, 1], "left hip at +y"


def test_flexion_and_abduction_go_the_anatomical_way(stage):
    motion = make_motion("squat", 200, 0.0, np.random.default_rng(3))
    joints = stage.body.joints_many(0, np.zeros(10, np.float32), motion.poses.astype(np.float32))
    low = joints[:, 15, 2] - joints[:, 7, 2]
    deepest = joints[low.argmin()]
    assert low.min() < low.max() - 0.1
    assert deepest[4, 0] > deepest[1, 0] + 0.1, "knees before hips"


def test_same_stream_same_motion_and_any_length():
    one, two = (make_motion("dance", 40, 0.3, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one.poses, two.poses)
    assert make_motion("turn", 1, 0.0, np.random.default_rng(0)).poses.shape == (1, 72)


def test_an_unknown_motion_is_refused():
    with pytest.raises(ValueError, match="walk"):
        make_motion("swim", 10, 0.0, np.random.default_rng(0))


def angle(poses, joint):
    """Degrees that a joint turns, [T]."""
    return np.degrees(np.linalg.norm(poses.reshape(len(poses), 24, 3)[:, joint], axis=1))


def tilt(joints, upper, lower):
    """Degrees of the line from `lower` to `upper` from the vertical, [T]."""
    line = joints[:, upper] - joints[:, lower]
    return np.degrees(np.arccos(line[:, 2] / np.linalg.norm(line, axis=1)))


@pytest.mark.parametrize("seed", range(6))
def test_who_sits_has_hips_at_about_a_right_angle_and_thighs_level(stage, seed):
    poses = make_motion("sit", 90, 0.0, np.random.default_rng(seed)).poses
    for hip in (1, 2):
        assert angle(poses, hip).min() > 72 and angle(poses, hip).max() < 112
    joints = stage.body.joints_many(0, np.zeros(10, np.float32), poses[::30].astype(np.float32))
    for hip, knee in ((1, 4), (2, 5)):
        assert np.abs(tilt(joints, hip, knee) - 90).max() < 30
    assert tilt(joints, 12, 0).max() < 50, "the trunk is up"


def test_who_bends_brings_the_trunk_down_over_legs_that_stand(stage):
    for seed in range(4):
        poses = make_motion("bend", 150, 0.0, np.random.default_rng(seed)).poses
        joints = stage.body.joints_many(0, np.zeros(10, np.float32), poses[::5].astype(np.float32))
        trunk = tilt(joints, 12, 0)
        assert trunk.max() > 45 and trunk.min() < 30
        assert max(tilt(joints, hip, ankle).max() for hip, ankle in ((1, 7), (2, 8))) < 30


def test_who_reaches_takes_a_hand_far_from_the_trunk(stage):
    for seed in range(4):
        poses = make_motion("reach", 150, 0.0, np.random.default_rng(seed)).poses
        joints = stage.body.joints_many(0, np.zeros(10, np.float32), poses[::5].astype(np.float32))
        hands = np.linalg.norm(joints[:, [20, 21]] - joints[:, [9]], axis=2).max(axis=1)
        assert hands.max() > hands.min() + 0.03 and hands.max() > 0.5
