"""The bytes of a glb and an obj."""

import hashlib
from pathlib import Path

import numpy as np

from garment_uv.samples.sample import RawGarment
from garment_uv.viewing.meshes import mesh_file
from tests.garment_uv.cylinder import COLUMNS, ROWS, cylinder_atlas

CORNERS = np.array(
    [[2, 0], [2, 1], [1, 2], [0, 2], [-1, 2], [-2, 1], [-2, 0], [-2, -1], [-1, -2], [0, -2], [1, -2], [2, -1]]
)


def test_mesh_files_are_the_same(hold):
    row, column = np.divmod(np.arange(ROWS * COLUMNS), COLUMNS)
    vertices = np.concatenate([CORNERS[column] / 8, row[:, None] / 8], axis=1).astype(np.float32)
    mesh = RawGarment(vertices, cylinder_atlas().faces["default"])
    files = {name: mesh_file({"Dress": mesh, "Top": mesh}, Path(name), "garment") for name in ("a.glb", "a.obj")}
    hold({}, bits={name: hashlib.sha256(data).hexdigest() for name, data in files.items()})
