"""The bodies of pictures: from one file of ours or of an estimator, of one body or of one for each frame."""

from pathlib import Path
from typing import Any

import numpy as np

from garment_uv.errors import UserError
from garment_uv.estimation.body_file import BodyFile, body_from, read_values
from garment_uv.estimation.estimated_body import EstimatedBody
from garment_uv.estimation.estimator_files import NO_OPTIONS, EstimatorOptions, estimated_bodies, looks_estimated

Body = BodyFile | EstimatedBody
SUFFIXES = (".json", ".npz")
_PER_FRAME = {"pose": 1, "shape": 1, "trans": 1, "camera": 1, "zrot": 0}
"""Fields of ours that may have a first axis over frames, with how many axes they have without it."""


def read_bodies(path: Path, options: EstimatorOptions = NO_OPTIONS) -> list[Body]:
    """All bodies of a file, one for each frame; UserError names the file and what is wrong with it."""
    values = read_values(path)
    if looks_estimated(values):
        return [*estimated_bodies(values, path, options)]
    if not isinstance(values, dict) or np.ndim(_array(values.get("pose"))) != 2:
        return [body_from(values, path)]
    frames = len(values["pose"])
    return [body_from({name: _of_frame(name, value, t, frames, path) for name, value in values.items()}, path)
            for t in range(frames)]  # fmt: skip


def read_body(path: Path, options: EstimatorOptions = NO_OPTIONS) -> Body:
    """The only body of a file; UserError where it holds several."""
    bodies = read_bodies(path, options)
    if len(bodies) != 1:
        raise UserError(
            f"body file {path} holds {len(bodies)} bodies, a picture has one: give a video, or one file each"
        )
    return bodies[0]


def _of_frame(name: str, value: Any, frame: int, frames: int, path: Path) -> Any:
    if name not in _PER_FRAME or np.ndim(_array(value)) == _PER_FRAME[name]:
        return value
    if len(value) != frames:
        raise UserError(f"body file {path}: {name} is of {len(value)} frames, pose of {frames}")
    return value[frame] if not isinstance(value[frame], np.generic) else value[frame].item()


def _array(value: Any) -> Any:
    """For its number of axes alone; an uneven list has none."""
    try:
        return np.asarray(value)
    except ValueError:
        return None
