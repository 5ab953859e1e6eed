"""A body as a small file: what `garment reconstruct` needs beside the picture."""

import json
import zipfile
import zlib
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from garment_uv.config import Config
from garment_uv.errors import UserError, one_line
from garment_uv.samples.sample import FrameBody

PICKLES = (".pkl", ".pickle", ".joblib", ".pt", ".pth")
_ARRAYS = ("shape", "pose", "trans", "camera")

Vector3 = Annotated[tuple[float, ...], Field(min_length=3, max_length=3)]


class BodyFile(Config):
    """One posed body and the camera that saw it. Metres and radians, CLOTH3D's frames and joint order."""

    format: Literal["garment-body"] = "garment-body"
    version: Literal[1] = 1
    body_model: str = Field(min_length=1, max_length=64)
    """'anny' or 'smpl'."""
    gender: int = Field(ge=0, le=1)
    """0 female, 1 male."""
    shape: Annotated[tuple[float, ...], Field(min_length=10, max_length=10)]
    pose: Annotated[tuple[float, ...], Field(min_length=72, max_length=72)]
    """Axis-angle of the 24 joints."""
    trans: Vector3 = (0.0, 0.0, 0.0)
    """Root translation before zrot."""
    zrot: float = 0.0
    """Turn about z, applied after trans."""
    camera: Vector3
    """Camera relative to the turned root: CLOTH3D's camLoc minus Rz(zrot) @ trans; it looks along -x."""

    @classmethod
    def of_frame(cls, body: FrameBody, body_model: str) -> "BodyFile":
        """The file of a sample's body."""
        arrays = {name: [float(x) for x in getattr(body, name)] for name in _ARRAYS}
        return cls(body_model=body_model, gender=int(body.gender), zrot=float(body.zrot), **arrays)

    def frame(self) -> FrameBody:
        """The body as samples hold it."""
        arrays = {name: np.array(getattr(self, name), np.float32) for name in _ARRAYS}
        return FrameBody(gender=self.gender, zrot=self.zrot, **arrays)


def body_json(body: BodyFile) -> bytes:
    """The bytes of a body file that ends in .json."""
    return (json.dumps(body.plain(), indent=1) + "\n").encode()


def body_from(values: Any, path: Path) -> BodyFile:
    """The body of a file's values; UserError names the file and the first thing wrong."""
    if not isinstance(values, dict) or not all(name.isidentifier() for name in values):
        raise UserError(f"body file {path} does not hold the named fields of a body: see BodyFile")
    plain = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in values.items()}
    try:
        return BodyFile.from_plain(plain)
    except UserError as error:
        raise UserError(f"body file {path}: {one_line(error)}") from None


def read_values(path: Path) -> Any:
    """What a .npz or .json holds, arrays as arrays; UserError, for a pickle one that says how to convert it."""
    path = Path(path)
    if path.suffix in PICKLES:
        raise UserError(
            f"body file {path} is a pickle, which could run anything when it is read: convert it by `python -m "
            f"garment_uv.estimation.convert_estimate {path.name}`, or save its arrays with numpy.savez"
        )
    readers = {".json": _read_json, ".npz": _read_npz}
    if path.suffix not in readers:
        raise UserError(f"a body file ends in .json or .npz, was given {str(path)!r}")
    try:
        return readers[path.suffix](path)
    except FileNotFoundError:
        raise UserError(f"no body file at {path}: give the .json or .npz of the picture's body") from None
    except (OSError, ValueError, EOFError, RecursionError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(f"body file {path} cannot be read ({one_line(error)}): write it again") from None


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
