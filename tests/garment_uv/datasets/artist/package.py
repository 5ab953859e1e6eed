"""Clothes of our own in the layout of MakeHuman's package, so that no file of others is needed."""

import json
from pathlib import Path

import numpy as np

from garment_uv.body.protocol import BodyParameters
from garment_uv.datasets.artist.clothes import CLASSES, clothes_file
from garment_uv.datasets.open.stage import T_POSE, Stage

FROM_TO = {
    "Top": (0.0, 0.40), "Tshirt": (0.0, 0.40), "Trousers": (-0.5, 0.05), "Skirt": (-0.3, 0.05),
    "Jumpsuit": (-0.5, 0.40), "Dress": (-0.4, 0.40),
}  # fmt: skip
"""Heights between which the tights are kept, metres, by class."""


def write_package(stage: Stage, folder: Path) -> Path:
    """`folder` with all of `CLASSES`; each a little wider than the tights."""
    layer = stage.layers["tights"]
    mean = BodyParameters(0, np.zeros(10, np.float32), T_POSE)
    height = stage.body.pose_helpers(mean)["tights"][:, 2]
    for name, garment_class in CLASSES.items():
        low, high = FROM_TO[garment_class]
        quads = layer.quads[((height > low) & (height < high))[layer.quads].all(axis=1)]
        used, local = np.unique(quads, return_inverse=True)
        path = clothes_file(folder, name)
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(garment(layer.base_vertices[used], local.reshape(-1, 4))))
    return folder


def garment(base: np.ndarray, quads: np.ndarray, licence: str = "CC0") -> dict:
    """The file's values: each vertex lies on one of the base mesh."""
    rows = np.zeros((len(quads), 10), int)
    rows[:, 0], rows[:, 1:5] = 11, quads
    return {
        "metadata": {"license": {"license": licence, "author": "nobody"}},
        "faces": rows.ravel().tolist(),
        "ref_vIdxs": np.repeat(base[:, None], 3, axis=1).tolist(),
        "weights": np.tile([1.0, 0.0, 0.0], (len(base), 1)).tolist(),
        "offsets": np.zeros((len(base), 3)).tolist(),
    }
