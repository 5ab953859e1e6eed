"""Rotations in plain NumPy: axis-angle to matrices and back, about z, and of one direction into another."""

import numpy as np
from scipy.spatial.transform import Rotation


def rotation_matrices(axis_angles: np.ndarray) -> np.ndarray:
    """Rotation matrices float64 [..., 3, 3] of axis-angle vectors [..., 3] in radians (Rodrigues' formula)."""
    vectors = np.asarray(axis_angles, dtype=np.float64)
    angles = np.linalg.norm(vectors, axis=-1)[..., None, None]
    cross = np.zeros((*vectors.shape[:-1], 3, 3))
    x, y, z = np.moveaxis(vectors, -1, 0)
    cross[..., 0, 1], cross[..., 0, 2] = -z, y
    cross[..., 1, 0], cross[..., 1, 2] = z, -x
    cross[..., 2, 0], cross[..., 2, 1] = -y, x
    # sin(a)/a and (1-cos(a))/a^2, both smooth through a = 0 in this form
    first = np.sinc(angles / np.pi)
    second = 0.5 * np.sinc(angles / (2.0 * np.pi)) ** 2
    return np.eye(3) + first * cross + second * (cross @ cross)


def axis_angles(matrices: np.ndarray) -> np.ndarray:
    """Axis-angle vectors float32 [..., 3], radians, of rotation matrices [..., 3, 3]."""
    flat = np.asarray(matrices, np.float64).reshape(-1, 3, 3)
    return Rotation.from_matrix(flat).as_rotvec().reshape(matrices.shape[:-1]).astype(np.float32)


def about_z(angle: float) -> np.ndarray:
    """Rz(angle), float64 [3, 3], radians: for column vectors."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def rotation_between(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The smallest rotation, float64 [3, 3], of direction `start` [3] into `end` [3]; ValueError for opposite ones."""
    a = np.asarray(start, dtype=np.float64) / np.linalg.norm(start)
    b = np.asarray(end, dtype=np.float64) / np.linalg.norm(end)
    cosine = float(a @ b)
    if cosine < -1.0 + 1e-9:
        raise ValueError(f"directions {start} and {end} are opposite: no smallest rotation joins them")
    x, y, z = np.cross(a, b)
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + cross + cross @ cross / (1.0 + cosine)


def signed_angle(start: np.ndarray, end: np.ndarray, axis: np.ndarray) -> float:
    """Radians by which `start` [3] turns about the unit `axis` [3] to meet `end` [3], both seen along the axis."""
    a = start - (start @ axis) * axis
    b = end - (end @ axis) * axis
    return float(np.arctan2(np.cross(a, b) @ axis, a @ b))
