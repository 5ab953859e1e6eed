"""What a way of moving cloth gives: the frames of a sequence, not yet pictured."""

from dataclasses import dataclass

import numpy as np

from garment_uv.datasets.open.tailor import Pattern


@dataclass(frozen=True)
class Take:
    """The kept frames of one sequence; garments are lower before upper."""

    poses: np.ndarray
    """float64 [T, 72]."""
    trans: np.ndarray
    """float64 [T, 3] the root, metres."""
    body: np.ndarray
    """float32 [T, V, 3] root-relative."""
    patterns: list[Pattern]
    rests: list[np.ndarray]
    """[N, 3] of each garment as the files hold it, outside of the body at rest."""
    cut: list[np.ndarray]
    """[N, 3] of each garment, where its cloth is unstrained."""
    hung: list[list[np.ndarray]]
    """As `frames`, but as the cloth came to hang, before it was pushed out."""
    frames: list[list[np.ndarray]]
    """[N, 3] by frame and garment, root-relative, outside of the body and of the garment under it."""
    span: tuple[int, int]
    """First frame of the motion that is kept, and the one after the last."""
