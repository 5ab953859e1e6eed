"""Wavefront .obj as CLOTH3D uses it: a garment at rest, z-up, metres, its faces triangles or quads."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from garment_uv.errors import UserError
from garment_uv.outputs import file_aside

_PASSED_OVER = frozenset(
    b"vn vp g o s mg l p fo usemtl mtllib usemap maplib bevel c_interp d_interp lod shadow_obj trace_obj "
    b"cstype deg bmat step curv curv2 surf parm trim hole scrv sp end con ctech stech call csh".split()
)
"""Words of the format that say nothing of vertices, faces or texture coordinates."""


@dataclass(frozen=True, eq=False)
class ObjMesh:
    """A mesh as read: polygons kept as they stand in the file, triangles beside them."""

    vertices: np.ndarray
    """float64 [N, 3] metres."""
    polygons: tuple[tuple[int, ...], ...]
    """Vertex indices of each face, three or more."""
    triangles: np.ndarray
    """int32 [F, 3]: each polygon as a fan from its first vertex, without those that name a vertex twice."""
    uvs: np.ndarray | None = None
    """float64 [M, 2] texture coordinates, or None."""
    polygon_uvs: tuple[tuple[int, ...], ...] | None = None
    """Indices into `uvs`, shaped as `polygons`; None unless every face has them."""


def triangulate(polygons: Sequence[Sequence[int]] | np.ndarray) -> np.ndarray:
    """Fans from each polygon's first vertex, int32 [F, 3], without those that name a vertex twice."""
    fans = [(p[0], p[i], p[i + 1]) for p in polygons for i in range(1, len(p) - 1)]
    faces = np.array(fans, dtype=np.int32).reshape(-1, 3)
    a, b, c = faces.T
    return faces[(a != b) & (b != c) & (c != a)]


def read_obj(path: Path | str) -> ObjMesh:
    """Read vertices, faces and texture coordinates; UserError names the file and line that do not fit.

    A line that begins with no word of the format is refused: a face that lost a blank would be lost in silence.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file; the sequence lacks this garment's rest mesh: fetch it again")
    vertices: list[list[float]] = []
    uvs: list[list[float]] = []
    polygons: list[tuple[int, ...]] = []
    polygon_uvs: list[tuple[int, ...]] = []
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            words = line.split()
            try:
                if not words or words[0].startswith(b"#") or words[0] in _PASSED_OVER:
                    continue
                if b"_" in line:  # Python takes 1_0 for a number
                    raise ValueError
                if words[0] == b"v":
                    numbers = [float(word) for word in words[1:]]
                    coloured = len(numbers) == 6 and all(0 <= each <= 255 for each in numbers[3:])
                    vertices.append(numbers[:3] if coloured else numbers)
                elif words[0] == b"vt":
                    uvs.append([float(word) for word in words[1:3]])
                elif words[0] != b"f":  # a damaged line, of which nobody knows what it was
                    raise ValueError
                else:
                    corners = [word.split(b"/") for word in words[1:]]
                    polygons.append(tuple(_index(corner[0], len(vertices)) for corner in corners))
                    polygon_uvs.append(
                        tuple(_index(corner[1], len(uvs)) for corner in corners if len(corner) > 1 and corner[1])
                    )
            except ValueError:
                raise UserError(f"{path}: line {number} is no .obj line ({_shown(line)}); fetch it again") from None
    return _checked(path, vertices, uvs, polygons, polygon_uvs)


def write_obj(
    path: Path | str,
    vertices: np.ndarray,
    faces: np.ndarray | Sequence[Sequence[int]],
    uvs: np.ndarray | None = None,
    face_uvs: np.ndarray | Sequence[Sequence[int]] | None = None,
) -> None:
    """Write vertices [N, 3] metres, polygons, and texture corners [M, 2] with indices shaped as `faces`; or nothing.

    UserError for what `read_obj` would refuse.
    """
    polygons = [tuple(int(i) for i in face) for face in faces]
    corners = [()] * len(polygons) if face_uvs is None else [tuple(int(i) for i in face) for face in face_uvs]
    uvs = np.zeros((0, 2)) if uvs is None else np.asarray(uvs, np.float64)
    vertices = np.asarray(vertices, np.float64)
    mesh = _checked(Path(path), vertices, uvs, polygons, corners, "check the mesh")
    if face_uvs is not None and mesh.polygon_uvs is None:
        raise UserError(f"{path}: face_uvs must be shaped as faces; check the mesh")
    lines = [f"v {x:.7g} {y:.7g} {z:.7g}\n" for x, y, z in vertices]
    lines += [f"vt {u:.7g} {v:.7g}\n" for u, v in uvs]
    for polygon, corner in zip(polygons, corners, strict=True):
        suffixes = [f"/{index + 1}" for index in corner] or [""] * len(polygon)
        words = [f"{index + 1}{suffix}" for index, suffix in zip(polygon, suffixes, strict=True)]
        lines.append(f"f {' '.join(words)}\n")
    with file_aside(Path(path)) as file:
        file.write("".join(lines).encode())


def _checked(path: Path, vertices, uvs, polygons, polygon_uvs, mend: str = "fetch it again") -> ObjMesh:
    if len(vertices) == 0 or len(polygons) == 0:
        raise UserError(f"{path}: holds {len(vertices)} vertices and {len(polygons)} faces; {mend}")
    points = _rectangle(path, vertices, 3, "v", mend)
    coordinates = _rectangle(path, uvs, 2, "vt", mend) if len(uvs) else None
    short = next((p for p in polygons if len(p) < 3), None)
    if short is not None:
        raise UserError(f"{path}: a face has {len(short)} corners, three are needed; {mend}")
    for name, groups, count in (("vertex", polygons, len(points)), ("texture corner", polygon_uvs, len(uvs))):
        worst = next((i for group in groups for i in group if not 0 <= i < count), None)
        if worst is not None:
            raise UserError(f"{path}: a face names {name} {worst + 1} of {count}; {mend}")
    textured = coordinates is not None and list(map(len, polygons)) == list(map(len, polygon_uvs))
    corners = tuple(polygon_uvs) if textured else None
    return ObjMesh(points, tuple(polygons), triangulate(polygons), coordinates, corners)


def _rectangle(path: Path, rows, columns: int, name: str, mend: str) -> np.ndarray:
    uneven = next((row for row in rows if len(row) != columns), None)
    if uneven is not None:
        raise UserError(f"{path}: a '{name}' line has {len(uneven)} numbers, {columns} are needed; {mend}")
    array = np.array(rows, dtype=np.float64)
    bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if len(bad):
        raise UserError(f"{path}: '{name}' {bad[0] + 1} is not finite; {mend} or leave the sequence out")
    return array


def _index(word: bytes, count: int) -> int:
    """0-based index of .obj's 1-based or, when negative, backward one; 0 is nobody's and stays out."""
    index = int(word)
    return index - 1 if index > 0 else (count + index if index < 0 else count + 2**31)


def _shown(line: bytes) -> str:
    return repr(line[:40].decode("latin-1").strip())
