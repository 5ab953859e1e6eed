import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from garment_uv.datasets.open.dressing import START_POSE
from garment_uv.datasets.open.moments import LEAD, STAND, choose_moments, motion_length
from garment_uv.datasets.open.motion import MOTIONS, make_motion


def moments(kind, frames, seed=3):
    motion = make_motion(kind, motion_length(frames), 0.4, np.random.default_rng(seed))
    return motion, choose_moments(motion, frames)


@pytest.mark.parametrize("kind", MOTIONS)
def test_it_begins_where_sheets_are_cut_and_arrives_in_the_motion(kind):
    motion, chosen = moments(kind, 3)
    start = chosen.poses[0].reshape(24, 3)
    np.testing.assert_allclose(start[1:], START_POSE.reshape(24, 3)[1:], atol=1e-6)
    up = Rotation.from_rotvec(start[0]).apply([0, 1, 0])
    np.testing.assert_allclose(up, [0, 0, 1], atol=1e-6)
    assert chosen.kept[0] == STAND + LEAD and len(chosen.kept) == 3
    span = chosen.kept[-1] - chosen.kept[0] + 1
    part = slice(chosen.first, chosen.first + span)
    np.testing.assert_array_equal(motion.path[part], chosen.path[chosen.kept[0] :])
    np.testing.assert_allclose(motion.lift[part], chosen.lift[chosen.kept[0] :])
    wanted = Rotation.from_rotvec(motion.poses[part].reshape(-1, 3))
    got = Rotation.from_rotvec(chosen.poses[chosen.kept[0] :].reshape(-1, 3))
    assert (got.inv() * wanted).magnitude().max() < 1e-6


@pytest.mark.parametrize("frames", [1, 2, 3, 12, 80])
def test_few_frames_are_a_short_span_and_many_are_all(frames):
    _, chosen = moments("walk", frames)
    gaps = np.diff(chosen.kept)
    assert len(chosen.kept) == frames and len(chosen.poses) == chosen.kept[-1] + 1
    assert (gaps == (1 if frames > 60 else gaps[:1])).all()
    assert chosen.kept[-1] - chosen.kept[0] <= max(60, frames)


def test_kept_poses_are_farther_apart_than_chance():
    def least(poses):
        turns = [Rotation.from_rotvec(pose.reshape(-1, 3)) for pose in poses]
        return min((a.inv() * b).magnitude().mean() for i, a in enumerate(turns) for b in turns[:i])

    chosen, chance = [], []
    for seed in range(5):
        motion, found = moments("arms", 3, seed)
        gap = int(found.kept[1] - found.kept[0])
        chosen.append(least(found.poses[found.kept]))
        starts = range(LEAD, len(motion.poses) - 2 * gap)
        chance.append(np.mean([least(motion.poses[s : s + 2 * gap + 1 : gap]) for s in starts]))
    assert (np.array(chosen) > np.array(chance)).all()


def test_the_body_does_not_jump_on_the_way():
    for kind in MOTIONS:
        _, chosen = moments(kind, 3)
        turns = Rotation.from_rotvec(chosen.poses.reshape(-1, 3)).as_matrix().reshape(-1, 24, 3, 3)
        steps = np.einsum("tjkl,tjkl->tj", turns[1:], turns[:-1])
        # No joint turns by more than 25 degrees in a thirtieth of a second.
        assert steps.min() > 1 + 2 * np.cos(np.radians(25))
