"""`sequence.json`: who is seen, in what pose, through which camera, and in which files the rest lies."""

import json
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from garment_uv.classes import GARMENT_CLASSES
from garment_uv.config import Config
from garment_uv.errors import UserError, one_line

FILE = "sequence.json"
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=200)]
"""A file beside `sequence.json`: no folders."""
Numbers3 = Annotated[tuple[float, ...], Field(min_length=3, max_length=3)]
Matrix3 = Annotated[tuple[Numbers3, ...], Field(min_length=3, max_length=3)]


def _a_rotation(rows: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
    matrix = np.array(rows)
    if not np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-3) or np.linalg.det(matrix) < 0:
        raise ValueError("R is no rotation: its rows must be orthonormal and right-handed")
    return rows


def _a_lens(rows: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
    if rows[0][0] <= 0 or rows[1][1] <= 0 or tuple(rows[2]) != (0.0, 0.0, 1.0):
        raise ValueError("K is no pinhole camera's: [[fx, s, cx], [0, fy, cy], [0, 0, 1]] in px with fx, fy > 0")
    return rows


class CameraDescription(Config):
    """A pinhole camera as OpenCV has it: pixel = K (R x + t), x to the right, y down, z away from it."""

    K: Annotated[Matrix3, AfterValidator(_a_lens)]
    """px of the picture as it is stored."""
    R: Annotated[Matrix3, AfterValidator(_a_rotation)]
    """World to camera."""
    t: Numbers3
    """Metres."""


class FrameDescription(Config):
    """One frame."""

    picture: FileName
    """RGB, or RGBA whose transparency is the mask."""
    mask: FileName | None = None
    """Grey, white where the person is, of the picture's size; needed unless the picture has transparency."""
    pose: Annotated[tuple[float, ...], Field(min_length=72, max_length=72)]
    """SMPL's axis-angles of the 24 joints, radians; the first turns the body into the world."""
    root: Numbers3
    """The pelvis joint in the world, metres: SMPL's `transl` plus the rest joint."""
    camera: CameraDescription
    garments: dict[str, FileName]
    """By class, the OBJ of the garment in this frame: in the world, metres, the same faces in all frames."""


class SequenceDescription(Config):
    """The whole file."""

    format: Literal["garment-plain-1"]
    up: Literal["z", "y"] = "z"
    """The world's axis that points up."""
    gender: Literal["female", "male"]
    shape: Annotated[tuple[float, ...], Field(min_length=10, max_length=10)]
    garments: tuple[str, ...] = Field(min_length=1)
    """Classes worn, a garment that lies over another after it."""
    rest: dict[str, FileName] = {}
    """By class, the OBJ of the garment on the body in CLOTH3D's rest pose, root-relative, z up, facing -y. Where there
    is none, that of the frame nearest to this pose is taken back to it."""
    frames: tuple[FrameDescription, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _garments_are_known_and_in_every_frame(self) -> Self:
        for name in (*self.garments, *self.rest):
            if name not in GARMENT_CLASSES:
                raise ValueError(f"unknown garment {name!r}: classes are {', '.join(GARMENT_CLASSES)}")
        for index, frame in enumerate(self.frames):
            if set(frame.garments) != set(self.garments):
                raise ValueError(f"frame {index} has {sorted(frame.garments)}, the sequence {sorted(self.garments)}")
        return self


def read_description(folder: Path) -> SequenceDescription:
    """The folder's `sequence.json`; UserError, in one line, where it is none."""
    path = folder / FILE
    try:
        values = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; see docs/plain_folder.md") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: is no JSON: {one_line(error, 200)}") from None
    if not isinstance(values, dict):
        raise UserError(f"{path}: holds a {type(values).__name__}, not an object; see docs/plain_folder.md")
    try:
        return SequenceDescription.from_plain(values)
    except UserError as error:
        raise UserError(f"{path}: {one_line(error, 500)}; see docs/plain_folder.md") from None
