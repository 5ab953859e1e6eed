"""A garment taken from a posed body back to the body at rest: each vertex moves with the skin near it (ours)."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from garment_uv.body.skeleton import JOINT_NAMES
from garment_uv.geometry.edges import unique_edges

AT_THE_HIP = frozenset({"Trousers", "Skirt"})
NEAR = 24
"""Body vertices that a garment's vertex moves with."""
SOFTEST = 1e-3
"""Metres: nearer than this, body vertices count alike."""


@dataclass(frozen=True)
class TwoPoses:
    """One body, posed and at rest."""

    posed: np.ndarray
    """float [V, 3] metres."""
    rest: np.ndarray
    """float [V, 3] metres, in T-pose: arms along x."""
    faces: np.ndarray
    rest_joints: np.ndarray
    """float [24, 3]."""

    def wearing(self, name: str) -> np.ndarray:
        """bool [V]: what a garment of this class may hang on. No hands, and no arms under what is worn at the hip."""
        joint = "left_shoulder" if name in AT_THE_HIP else "left_wrist"
        return np.abs(self.rest[:, 0]) < abs(self.rest_joints[JOINT_NAMES.index(joint), 0])


def unposed(points: np.ndarray, body: TwoPoses, name: str) -> np.ndarray:
    """`points` [N, 3] of a garment around the posed body as they lie around it at rest, float64 [N, 3] metres.

    Every body vertex turns as its neighbours do (Kabsch), and carries what is near it along; a point takes the mean of
    the nearest, weighted by the inverse square of the distance. Of cloth that hangs far from the body it is a guess.
    """
    points, posed, rest = (np.asarray(values, np.float64) for values in (points, body.posed, body.rest))
    turns, worn = local_rotations(posed, rest, body.faces), body.wearing(name)
    posed, rest, turns = posed[worn], rest[worn], turns[worn]
    distances, near = cKDTree(posed).query(points, k=NEAR)
    weights = 1 / np.maximum(distances, SOFTEST) ** 2
    weights /= weights.sum(axis=1, keepdims=True)
    carried = rest[near] + np.einsum("nkab,nkb->nka", turns[near], points[:, None] - posed[near])
    return np.einsum("nk,nka->na", weights, carried)


def local_rotations(before: np.ndarray, after: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Per vertex the rotation [V, 3, 3] that best takes its edges in `before` to those in `after`."""
    edges, _, _ = unique_edges(np.asarray(faces, np.int64))
    pairs = np.concatenate([edges, edges[:, ::-1]])
    old, new = (body[pairs[:, 1]] - body[pairs[:, 0]] for body in (before, after))
    moments = np.zeros((len(before), 3, 3))
    np.add.at(moments, pairs[:, 0], new[:, :, None] * old[:, None, :])
    left, _, right = np.linalg.svd(moments)
    sign = np.sign(np.linalg.det(left @ right))
    left[:, :, 2] *= np.where(sign == 0, 1, sign)[:, None]
    return left @ right
