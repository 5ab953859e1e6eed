"""Files that only tests write: videos, body files, meshes; and what is compared of them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from garment_uv.body import AnnyBody
from garment_uv.datasets.cloth3d.video import VideoWriter
from garment_uv.estimation.body_file import BodyFile, body_from, body_json, read_values
from garment_uv.outputs import file_aside, write_file
from garment_uv.viewing.meshes import mesh_file


def write_video(path: Path, frames: Iterable[np.ndarray]) -> None:
    """uint8 pictures [H, W, 3] or [H, W] as lossless FFV1."""
    with VideoWriter(path) as writer:
        for picture in frames:
            writer.add(picture)


def write_body_file(path: Path, body: BodyFile) -> None:
    """.json or .npz, whichever `path` ends in."""
    if path.suffix == ".json":
        write_file(path, body_json(body))
    else:
        with file_aside(path) as file:
            np.savez(file, **{name: np.asarray(value) for name, value in body.plain().items()})


def read_body_file(path: Path) -> BodyFile:
    """A body file of our own."""
    return body_from(read_values(path), path)


def write_meshes(meshes: dict[str, Any], path: Path) -> None:
    """.glb or .obj, whichever `path` ends in."""
    write_file(path, mesh_file(meshes, path))


def joint_weights(anny: AnnyBody) -> np.ndarray:
    """float32 [V, 24] how much each SMPL joint moves each vertex of Anny; rows add to one."""
    weights = np.zeros((len(anny._body_vertices), 24), dtype=np.float32)
    for segment, joint in enumerate(anny._segments.joints):
        weights[:, joint] += anny._body_weights[:, [segment]].toarray()[:, 0]
    return weights


def same(left: Any, right: Any) -> bool:
    """Whether two plain trees hold the same values, arrays compared element by element."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, str) or isinstance(right, str):
        return isinstance(left, str) and isinstance(right, str) and left == right
    if isinstance(left, dict | list) or isinstance(right, dict | list):
        return False
    return np.array_equal(left, right)
