"""What all sequences of a process share: the body, its clothing layers and the tailor who cuts on them. Ours."""

from functools import lru_cache

import numpy as np

from garment_uv.body.anny_body import AnnyBody
from garment_uv.body.protocol import BodyParameters
from garment_uv.datasets.open.collider import Collider
from garment_uv.datasets.open.drape import CLOTH_MARGIN
from garment_uv.datasets.open.tailor import Tailor
from garment_uv.geometry.warp_device import quiet

T_POSE = np.array([np.pi / 2] + [0.0] * 71, dtype=np.float32)
"""Standing upright, z-up, arms out: where garments are cut."""


class Stage:
    """The open body and the tailor; making one takes seconds."""

    def __init__(self, body: AnnyBody | None = None) -> None:
        quiet()
        self.body = body or AnnyBody()
        self.layers = self.body.helper_layers()
        mean = BodyParameters(0, np.zeros(10, dtype=np.float32), T_POSE)
        self.tailor = Tailor(self.layers, self.body.pose_helpers(mean))

    @property
    def tights(self) -> int:
        """How many of the stacked helper vertices are the tights', which come first and which cloth meets."""
        return len(self.layers["tights"].base_vertices)

    def helpers(self, gender: int, shape: np.ndarray, poses: np.ndarray) -> np.ndarray:
        """Stacked helper vertices of a subject in poses [T, 72], root-relative, float64 [T, H, 3]."""
        return stacked(self.body.pose_helpers_many(gender, shape, poses))

    def skin(self, body: np.ndarray) -> Collider:
        """The body's surface at `body` [V, 3]."""
        return Collider(body, self.body.faces)

    def travel(self, helpers: np.ndarray, path: np.ndarray, lift: np.ndarray) -> np.ndarray:
        """Where the root is, float64 [T, 3]: along `path` [T, 2], the lowest point `lift` [T] over the ground."""
        ground = -helpers[:, : self.tights, 2].min(axis=1) + lift
        return np.concatenate([path, ground[:, None]], axis=1)

    def layered(self, layers: list[np.ndarray], faces: list[np.ndarray], skin: Collider) -> list[np.ndarray]:
        """Each garment [N, 3] outside of the body's skin and of the garment under it; `faces` are triangles."""
        result: list[np.ndarray] = []
        for index, vertices in enumerate(layers):
            if index:
                under = Collider(result[index - 1], faces[index - 1])
                vertices = under.pushed(vertices, CLOTH_MARGIN, nearby=0.04, steep=0.75)
            result.append(skin.pushed(vertices, CLOTH_MARGIN, nearby=0.09))
        return result


@lru_cache(maxsize=1)
def process_stage() -> Stage:
    """The stage of this process, made when it is first asked for."""
    return Stage()


def stacked(helpers: dict[str, np.ndarray]) -> np.ndarray:
    """Helper layers as one float64 [..., H, 3], tights first."""
    return np.concatenate([helpers["tights"], helpers["skirt"]], axis=-2).astype(np.float64)
