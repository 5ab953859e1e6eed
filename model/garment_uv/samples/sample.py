"""What one training sample is: one frame, ready to train on."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class RawGarment:
    """A simulated garment mesh, root-relative and turned by zrot, as S2S is measured against."""

    vertices: np.ndarray
    """float32 [N, 3] metres."""
    faces: np.ndarray
    """int32 [F, 3] triangles."""


@dataclass(frozen=True)
class FrameBody:
    """Enough to pose the frame's body again and to project onto its image."""

    gender: int
    shape: np.ndarray
    """float32 [10]."""
    pose: np.ndarray
    """float32 [72] axis-angle, radians."""
    trans: np.ndarray
    """float32 [3] root translation, metres, before zrot."""
    zrot: float
    """Radians about z, applied after trans."""
    camera: np.ndarray
    """float32 [3] camera location relative to the turned root, metres; it looks along -x."""


@dataclass(frozen=True)
class Sample:
    """One frame. Everything spatial is root-relative, z-up, turned by zrot, in metres: the camera's frame."""

    key: str
    """'<split>-<sequence>-<frame>', no dots: the WebDataset key."""
    image: np.ndarray
    """uint8 [I, I, 3], the square of +-1.25 m around the root."""
    body_uv: np.ndarray
    """float32 [3, U, U] posed body vertices."""
    displacement_uv: np.ndarray
    """float32 [3, U, U] garment vertex minus body vertex."""
    segments: np.ndarray
    """uint8 [U, U] class ids, 0 none."""
    vertex_classes: np.ndarray
    """uint8 [V] class ids per vertex of the body topology, 0 none."""
    body_vertices: np.ndarray
    """float32 [V, 3] posed vertices of the body topology, so that no trainer needs the body model."""
    topology: str
    """'default' or 'skirt'."""
    body: FrameBody
    garments: dict[str, RawGarment] = field(default_factory=dict)
    """Raw meshes by class name; filled in evaluation splits only."""
    mask: np.ndarray | None = None
    """uint8 [I, I], how much of each pixel is the person; None in datasets without labels."""
    parsing: np.ndarray | None = None
    """uint8 [I, I], what each pixel shows (see `labels.py`); to train and to evaluate, never to reconstruct from."""
    displacement_vertices: np.ndarray | None = None
    """float32 [V, 3] true displacements at the vertices, where the map was refilled and reading it gives others."""

    @property
    def sequence(self) -> str:
        """Identifier of the sequence that the frame is from."""
        return self.key.rsplit("-", 1)[0]
