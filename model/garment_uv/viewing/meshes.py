"""What a mesh to look at is, and in which colours bodies and garments are shown."""

from dataclasses import dataclass

import numpy as np

BODY_COLOUR = (214, 196, 176)
GARMENT_COLOURS: dict[str, tuple[int, int, int]] = {
    "Top": (196, 92, 92),
    "Tshirt": (214, 138, 70),
    "Trousers": (78, 110, 168),
    "Skirt": (140, 96, 168),
    "Jumpsuit": (74, 146, 120),
    "Dress": (190, 96, 144),
}


@dataclass(frozen=True)
class ViewMesh:
    """A mesh to look at, in the viewer or in a picture."""

    name: str
    vertices: np.ndarray
    """float [N, 3] metres, z up; the picture's camera looks along -x."""
    faces: np.ndarray
    """int [F, 3] triangles."""
    colour: tuple[int, int, int] = (150, 150, 150)
    """RGB, 0 to 255."""
    values: np.ndarray | None = None
    """float [N] per-vertex values shown on a colour scale, for example the error in mm."""
    visible: bool = True
