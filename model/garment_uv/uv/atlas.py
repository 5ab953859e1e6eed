"""The UV atlas: where each vertex of the body topology lies on the canvas."""

import hashlib
import os
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from garment_uv.errors import UserError
from garment_uv.outputs import file_aside

FORMAT = 1
"""Version of the file format and of the sampling convention."""


@dataclass(frozen=True, eq=False)
class Atlas:
    """Two islands, front in the left half and back in the right, on a square canvas of U x U texels.

    A vertex on the seam between the islands has two points, every other vertex one. Texel centres lie at
    integer coordinates, x to the right and y down, so that texel (x, y) is `map[:, y, x]`. Two atlases of
    one digest are equal. (Published: two islands, front and back; the layout is ours.)
    """

    size: int
    """U, texels."""
    num_vertices: int
    """V, vertices of the body topology."""
    faces: dict[str, np.ndarray]
    """int32 [F, 3] per topology, 'default' and 'skirt': triangles over vertices."""
    point_vertex: np.ndarray
    """int32 [P] the vertex of each point."""
    points: np.ndarray
    """float64 [P, 2] x, y in texels, inside [0, U - 1]."""
    uv_faces: np.ndarray
    """int32 [Fuv, 3] triangles over points, in the order of `faces['default']`."""
    digest: str = field(default="", compare=False)
    """First 16 hex digits of the sha256 over everything above; computed when left empty, else checked."""

    def __post_init__(self) -> None:
        found = _digest(self)
        if self.digest and self.digest != found:
            raise UserError(f"atlas digest is {found}, but {self.digest} was recorded: build the atlas again")
        object.__setattr__(self, "digest", found)
        if len(self.points) and (self.points.min() < 0 or self.points.max() > self.size - 1):
            raise ValueError(f"atlas points leave the canvas [0, {self.size - 1}]")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Atlas) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def save(self, path: str | os.PathLike) -> None:
        """Write the atlas as an .npz without pickles; the file appears whole or not at all."""
        names = ("size", "num_vertices", "point_vertex", "points", "uv_faces", "digest")
        entries: dict[str, Any] = {"format": FORMAT} | {name: getattr(self, name) for name in names}
        entries |= {f"faces_{name}": value for name, value in self.faces.items()}
        with file_aside(Path(path)) as file:
            np.savez(file, **entries)

    @staticmethod
    def load(path: str | os.PathLike) -> "Atlas":
        """Read what `save` wrote; raises UserError when the file is absent, damaged or of another format."""
        mend = "build it again with 'garment data prepare'"
        try:
            with np.load(path, allow_pickle=False) as file:
                values = {name: file[name] for name in file.files}
        except FileNotFoundError:
            raise UserError(f"no atlas at {path}: {mend}") from None
        except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise UserError(f"atlas {path} cannot be read ({type(error).__name__}): {mend}") from None
        if int(values.get("format", -1)) != FORMAT:
            raise UserError(f"atlas {path} has format {values.get('format')}, wanted {FORMAT}: {mend}")
        try:
            return Atlas(
                size=int(values["size"]),
                num_vertices=int(values["num_vertices"]),
                faces={k.removeprefix("faces_"): v for k, v in values.items() if k.startswith("faces_")},
                point_vertex=values["point_vertex"],
                points=values["points"],
                uv_faces=values["uv_faces"],
                digest=str(values["digest"]),
            )
        except KeyError as error:
            raise UserError(f"atlas {path} lacks the entry {error}: {mend}") from None


def _digest(atlas: Atlas) -> str:
    hasher = hashlib.sha256(f"atlas {FORMAT} {atlas.size} {atlas.num_vertices}".encode())
    for name in sorted(atlas.faces):
        hasher.update(name.encode())
        hasher.update(np.ascontiguousarray(atlas.faces[name], dtype="<i4").tobytes())
    for array, kind in ((atlas.point_vertex, "<i4"), (atlas.points, "<f8"), (atlas.uv_faces, "<i4")):
        hasher.update(np.ascontiguousarray(array, dtype=kind).tobytes())
    return hasher.hexdigest()[:16]
