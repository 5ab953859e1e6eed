"""Reads a file by our parser and by another program's, and says whether both found the same.

The other reader is scipy for `info.mat`, NumPy for `.pc16`, trimesh for `.obj`, json for the manifest, and tarfile with
`numpy.load` for a shard.
"""

import io
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
import trimesh

from garment_uv.datasets.cloth3d.info import SequenceInfo, read_info
from garment_uv.datasets.cloth3d.pointcache import PointCache
from garment_uv.errors import UserError
from garment_uv.geometry.obj import ObjMesh, read_obj
from garment_uv.samples.codec import decode_sample
from garment_uv.samples.manifest import Manifest
from garment_uv.samples.sample import Sample
from garment_uv.samples.shards import index_shard
from tests.garment_uv.samples.made import made_format

FORM = made_format("png")
ROUNDING = 2.0**-23
"""What reckoning in float32 may add, as a share of a map's range."""
REFUSED, RIGHT, UNCHECKED = "refused", "right", "the other reader refuses"


class Wrong(Exception):
    """Ours gives a value that the other reader does not find in the file."""


def judge(kind: str, path: Path) -> str:
    """REFUSED, RIGHT or UNCHECKED; Wrong, or whatever our parser raises that it should not."""
    ours, other = READERS[kind]
    try:
        found = ours(path)
    except UserError as error:
        if "\n" in str(error):
            raise Wrong(f"a refusal of several lines: {error!r}") from None
        return REFUSED
    return other(path, found)


def _pointcache(path: Path, found: np.ndarray) -> str:
    data = path.read_bytes()
    points, frames = np.frombuffer(data[16:20], "<i4")[0], np.frombuffer(data[28:32], "<i4")[0]
    _same("vertices", found, np.frombuffer(data[32:], "<f2").reshape(frames, points, 3))
    return RIGHT


def _obj(path: Path, found: ObjMesh) -> str:
    try:
        mesh = trimesh.load(path, process=False, maintain_order=True, skip_materials=True, force="mesh")
        other = mesh.vertices[mesh.faces]
    except Exception:  # it is not trimesh that is tried here
        return UNCHECKED
    if set(path.read_bytes()) & set(b"\t\v\f"):
        return UNCHECKED  # blanks of another kind, at which trimesh does not part a line's words
    faces = [line for line in path.read_bytes().splitlines() if line.split()[:1] == [b"f"]]
    if any(b"-" in line or len(line.split()) > 5 for line in faces):
        return UNCHECKED  # trimesh counts backwards from the file's end, not from the line, and cuts in other ways
    if any(len({tuple(map(bool, word.split(b"/"))) for word in line.split()[1:]}) > 1 for line in faces):
        return UNCHECKED  # where some corners have texture and some none, trimesh takes one number for another
    if _in_order(found.vertices[found.triangles]) != _in_order(other):
        raise Wrong("the triangles are not those that trimesh finds")
    return RIGHT


def _in_order(triangles: np.ndarray) -> list[list[tuple[float, ...]]]:
    """The triangles that have three different corners, whichever of them comes first, in whatever order they stood."""
    corners = [[tuple(corner) for corner in triangle] for triangle in triangles.tolist()]
    turns = ((0, 1, 2), (1, 2, 0), (2, 0, 1))
    return sorted(min([each[i] for i in turn] for turn in turns) for each in corners if len(set(each)) == 3)


def _manifest(path: Path, found: Manifest) -> str:
    _stands_in(json.loads(path.read_bytes()), found.plain(), "")
    return RIGHT


def _stands_in(told: Any, ours: Any, where: str) -> None:
    """Everything the file tells must be what ours holds; ours may hold defaults beside it."""
    if isinstance(told, dict) and isinstance(ours, dict):
        for name, value in told.items():
            if name not in ours and value in ({}, [], ""):
                continue
            if name not in ours:
                raise Wrong(f"{where}.{name} is lost")
            _stands_in(value, ours[name], f"{where}.{name}")
    elif isinstance(told, list) and isinstance(ours, list):
        if len(told) != len(ours):
            raise Wrong(f"{where} has {len(ours)} of {len(told)}")
        for at, pair in enumerate(zip(told, ours, strict=True)):
            _stands_in(*pair, f"{where}[{at}]")
    elif told != ours and not (isinstance(told, str) and not isinstance(ours, str) and float(told) == ours):
        raise Wrong(f"{where} is {ours!r}, the file says {told!r}")


def _shard(path: Path, found: dict[str, Sample]) -> str:
    members: dict[str, dict[str, bytes]] = {}
    with tarfile.open(path) as tar:
        for info in tar:
            key, _, name = info.name.partition(".")
            members.setdefault(key, {})[name] = tar.extractfile(info).read()
    if list(members) != list(found):
        raise Wrong(f"the samples {list(found)}, the file has {list(members)}")
    for key, sample in found.items():
        arrays = {name: np.load(io.BytesIO(data)) for name, data in members[key].items() if name.endswith(".npy")}
        _same("segments", sample.segments, arrays["segments.npy"])
        _same("vertex classes", sample.vertex_classes, arrays["vertex_classes.npy"])
        for name, value, limit in (
            ("displacement", sample.displacement_uv, FORM.displacement_limit_m),
            ("body", sample.body_uv, FORM.body_limit_m),
            ("body_vertices", sample.body_vertices, FORM.body_limit_m),
        ):
            wanted = (arrays[f"{name}.npy"].astype(float) - 32768) * (limit / 32767)
            if value.shape != wanted.shape or np.abs(value - wanted).max(initial=0.0) > ROUNDING * limit:
                raise Wrong(f"{name} is not what the other reader finds")
        told = json.loads(members[key]["json"])
        for name in ("pose", "shape", "trans", "camera"):
            _same(name, getattr(sample.body, name), np.asarray(told["body"][name], np.float32))
        for name, garment in sample.garments.items():
            _same(name, garment.vertices, arrays[f"garment.{name.lower()}.vertices.npy"])
            _same(name, garment.faces, arrays[f"garment.{name.lower()}.faces.npy"])
    return RIGHT


def _read_shard(path: Path) -> dict[str, Sample]:
    with open(path, "rb") as file:
        return {item.key: decode_sample(item.key, item.read(file), FORM) for item in index_shard(path)}


def _info(path: Path, found: SequenceInfo) -> str:
    other = _apart(lambda: _with_scipy(path))
    if other is None:
        return UNCHECKED
    for name, value in other.items():
        ours = found.plain()[name] if name not in ("outfit", "lights") else None
        if name == "outfit":
            if sorted(value) != sorted(found.outfit):
                raise Wrong(f"the outfit {sorted(found.outfit)}, the file says {sorted(value)}")
        elif name == "seq":
            if (str(value) if value else "") != found.seq:  # of no letters scipy makes an empty array
                raise Wrong(f"seq {found.seq!r}, the file says {value!r}")
        elif name != "lights":
            _same(name, np.ravel(ours), np.ravel(value))
    return RIGHT


def _with_scipy(path: Path) -> dict[str, Any]:
    tree = scipy.io.loadmat(path, squeeze_me=True, struct_as_record=False)
    names = "shape poses trans gender zrot camLoc tightness seq seq_start seq_end".split()
    return {name: np.asarray(tree[name]).tolist() for name in names} | {"outfit": list(tree["outfit"]._fieldnames)}


def _apart(call: Callable[[], Any]) -> Any:
    """What `call` gives, as JSON, in a process of its own, since scipy may bring it down; None where it fails."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        try:
            with open(writer, "w") as file:
                json.dump(call(), file)
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader, "rb") as file:
        answer = file.read()
    os.waitpid(pid, 0)
    try:
        return json.loads(answer)
    except ValueError:  # nothing, or cut short by a crash
        return None


def _same(what: str, ours: np.ndarray, other: np.ndarray) -> None:
    ours, other = np.asarray(ours), np.asarray(other)
    if ours.shape != other.shape or not np.array_equal(ours.astype(np.float64), other.astype(np.float64)):
        raise Wrong(f"{what} {ours.shape} are not those {other.shape} that the other reader finds")


READERS: dict[str, tuple[Callable[[Path], Any], Callable[[Path, Any], str]]] = {
    "info.mat": (read_info, _info),
    "Top.pc16": (lambda path: PointCache.open(path).all(), _pointcache),
    "Top.obj": (read_obj, _obj),
    "manifest.json": (Manifest.load, _manifest),
    "shard.tar": (_read_shard, _shard),
}
"""By kind: our parser, and what checks its answer by another reader."""
