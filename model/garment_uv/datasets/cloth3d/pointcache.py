"""Animated vertices: `.pc16` (float16, CLOTH3D's own) and `.pc2` (float32), read one frame at a time.

Layout: a 32-byte little-endian header `<12siiffi` (magic, version 1, points, start frame, sample rate,
samples), then `[samples, points, 3]`, metres, root-relative, before zrot.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from garment_uv.errors import UserError
from garment_uv.outputs import file_aside

_HEADER = struct.Struct("<12siiffi")
_MAGIC = b"POINTCACHE2\0"
_DTYPES: dict[str, np.dtype] = {".pc16": np.dtype("<f2"), ".pc2": np.dtype("<f4")}


@dataclass(frozen=True)
class PointCache:
    """An opened cache: its header was checked against the file's size, frames are read when asked for."""

    path: Path
    num_points: int
    num_frames: int

    @classmethod
    def open(cls, path: Path | str) -> "PointCache":
        """Check the header; UserError names a file that is missing, foreign, truncated or overlong."""
        path = Path(path)
        dtype = _dtype(path)
        if not path.is_file():
            raise UserError(f"{path}: no such file; the sequence lacks this garment's motion: fetch it again")
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_HEADER.size)
        if len(head) < _HEADER.size:
            raise UserError(f"{path}: truncated, {size} bytes where the header alone takes 32; fetch it again")
        magic, version, points, _, _, frames = _HEADER.unpack(head)
        if magic != _MAGIC or version != 1:
            raise UserError(f"{path}: not a POINTCACHE2 file of version 1; fetch it again")
        if points < 1 or frames < 1:
            raise UserError(f"{path}: its header says {points} points and {frames} frames; fetch it again")
        expected = _HEADER.size + points * frames * 3 * dtype.itemsize
        if size != expected:
            what = "truncated" if size < expected else "too long"
            raise UserError(
                f"{path}: {what}, {size} bytes where {frames} frames of {points} points take {expected}; fetch it again"
            )
        return cls(path, points, frames)

    def frame(self, index: int) -> np.ndarray:
        """Vertices of one frame, float32 [N, 3] metres; UserError where a vertex is not finite."""
        if not 0 <= index < self.num_frames:
            raise IndexError(f"{self.path} has the frames 0 to {self.num_frames - 1}, was asked for {index}")
        dtype = _dtype(self.path)
        count = self.num_points * 3
        with self.path.open("rb") as file:
            file.seek(_HEADER.size + index * count * dtype.itemsize)
            raw = file.read(count * dtype.itemsize)
        if len(raw) != count * dtype.itemsize:
            raise UserError(f"{self.path}: changed while it was read; start again when its copy is complete")
        vertices = np.frombuffer(raw, dtype).astype(np.float32).reshape(-1, 3)
        bad = np.flatnonzero(~np.isfinite(vertices).all(axis=1))
        if len(bad):
            raise UserError(
                f"{self.path}: vertex {bad[0]} of frame {index} is not finite; fetch it again or leave it out"
            )
        return vertices

    def all(self) -> np.ndarray:
        """Every frame, float32 [T, N, 3] metres."""
        return np.stack([self.frame(index) for index in range(self.num_frames)])


def write_pointcache(path: Path | str, frames: np.ndarray | Iterable[np.ndarray]) -> None:
    """Write frames [T, N, 3] metres as the suffix says, all or nothing; UserError for what cannot be held."""
    path = Path(path)
    dtype = _dtype(path)
    count, points = 0, 0
    with file_aside(Path(path)) as file:
        file.write(bytes(_HEADER.size))
        for frame in frames:
            frame = np.asarray(frame)
            points = points or len(frame)
            if frame.shape != (points, 3) or points == 0:
                raise UserError(f"{path}: frame {count} has the shape {frame.shape}; every frame needs the same [N, 3]")
            with np.errstate(over="ignore"):
                stored = frame.astype(dtype)
            if not np.isfinite(stored).all():
                raise UserError(f"{path}: frame {count} holds a vertex that is not finite in {dtype}; check the motion")
            file.write(stored.tobytes())
            count += 1
        if count == 0:
            raise UserError(f"{path}: no frames to write; a sequence has at least one")
        file.seek(0)
        file.write(_HEADER.pack(_MAGIC, 1, points, 0.0, 1.0, count))


def _dtype(path: Path) -> np.dtype:
    if path.suffix not in _DTYPES:
        raise UserError(f"{path}: point caches end in {' or '.join(_DTYPES)}")
    return _DTYPES[path.suffix]
