"""Which moments of a motion are simulated, and which kept: few frames are taken far apart in a short span. Ours."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from garment_uv.datasets.open.dressing import START_POSE
from garment_uv.datasets.open.motion import Motion

SPAN = 60
"""Frames of 30 fps of which a window is chosen, and that many frames of a sequence at least last."""
GAP = 10
"""Frames between two that are kept, where few are."""
LEAD = 15
"""Frames that lead from `START_POSE` into the motion."""
STAND = 2
"""Frames in `START_POSE` before."""


@dataclass(frozen=True)
class Moments:
    """A motion's part that is simulated, from the first frame in `START_POSE` on."""

    poses: np.ndarray
    """float64 [T, 72] axis-angle."""
    path: np.ndarray
    """float64 [T, 2] root travel in the ground plane, metres."""
    lift: np.ndarray
    """float64 [T] metres over the ground."""
    kept: np.ndarray
    """int64 [K] the frames to keep."""
    lead: np.ndarray
    """float64 [T] 0 where the subject stands to 1 where the motion is as it was drawn."""
    first: int
    """Frame of the motion that is kept first."""


def motion_length(frames: int) -> int:
    """Frames of motion to choose `frames` from."""
    return LEAD + max(SPAN, frames - 1) + 1


def choose_moments(motion: Motion, frames: int) -> Moments:
    """Lead into the window of `motion` in which `frames` evenly spaced poses differ most."""
    gap = max(1, min(GAP, SPAN // max(frames - 1, 1)))
    window = (frames - 1) * gap
    rotations = _rotations(motion.poses)
    starts = range(LEAD, len(motion.poses) - window)
    first = max(starts, key=lambda start: _difference(rotations[start : start + window + 1 : gap]))
    span = slice(first - LEAD, first + window + 1)
    share = np.clip(np.arange(LEAD + window + 1) / LEAD, 0.0, 1.0)
    share = share * share * (3 - 2 * share)
    poses = _blended(_upright(motion.poses[first - LEAD]), motion.poses[span], share)
    standing = np.concatenate([np.zeros(STAND, dtype=int), np.arange(len(poses))])
    kept = STAND + LEAD + gap * np.arange(frames)
    path, lift = motion.path[span][standing], (motion.lift[span] * share)[standing]
    return Moments(poses[standing], path, lift, kept, share[standing], first)


def _rotations(poses: np.ndarray) -> np.ndarray:
    """Rotation matrices [T, 24, 3, 3]."""
    return Rotation.from_rotvec(poses.reshape(-1, 3)).as_matrix().reshape(len(poses), -1, 3, 3)


def _difference(rotations: np.ndarray) -> float:
    """The least mean angle, as its cosine's complement, between two of the poses [K, 24, 3, 3]."""
    traces = np.einsum("ajkl,bjkl->ab", rotations, rotations) / rotations.shape[1]
    others = ~np.eye(len(rotations), dtype=bool)
    return float((3.0 - traces)[others].min()) if others.any() else 0.0


def _upright(pose: np.ndarray) -> np.ndarray:
    """`START_POSE`, faced as `pose` [72] is."""
    forward = Rotation.from_rotvec(pose[:3]).apply([0.0, 0.0, 1.0])
    yaw = np.arctan2(forward[1], forward[0]) + np.pi / 2
    start = START_POSE.astype(np.float64)
    start[:3] = (Rotation.from_euler("z", yaw) * Rotation.from_rotvec(start[:3])).as_rotvec()
    return start


def _blended(start: np.ndarray, poses: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Each joint's shortest turn from `start` [72] to `poses` [T, 72], at `share` [T] of it."""
    count = len(poses)
    one = Rotation.from_rotvec(np.broadcast_to(start.reshape(1, 24, 3), (count, 24, 3)).reshape(-1, 3))
    two = Rotation.from_rotvec(poses.reshape(-1, 3))
    turn = (one.inv() * two).as_rotvec() * np.repeat(share, 24)[:, None]
    return (one * Rotation.from_rotvec(turn)).as_rotvec().reshape(count, 72)
