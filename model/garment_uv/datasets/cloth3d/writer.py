"""Write a sequence in CLOTH3D's layout: the whole folder, or nothing."""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from garment_uv.datasets.cloth3d.info import SequenceInfo, write_info
from garment_uv.datasets.cloth3d.pointcache import write_pointcache
from garment_uv.datasets.cloth3d.sequence import SPARE
from garment_uv.datasets.cloth3d.video import VideoWriter
from garment_uv.errors import UserError
from garment_uv.geometry.obj import write_obj
from garment_uv.outputs import replaced_folder


class GarmentData(NamedTuple):
    """A garment to write; a plain tuple of the first three will do."""

    rest: np.ndarray
    """float [N, 3] at rest, z-up, metres."""
    faces: np.ndarray
    """int [F, 3] triangles or [F, 4] quads."""
    frames: np.ndarray
    """float [T, N, 3] root-relative metres, before zrot; stored as float16."""
    uvs: np.ndarray | None = None
    """float [M, 2] texture coordinates."""
    face_uvs: np.ndarray | None = None
    """int, shaped as `faces`: indices into `uvs`."""


def write_sequence(
    folder: Path | str,
    info: SequenceInfo,
    garments: Mapping[str, GarmentData | tuple],
    frames: Iterable[np.ndarray | tuple[np.ndarray, np.ndarray]],
    as_video: bool = False,
    textures: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Write `<raw>/<split>/<5-digit id>/`; it appears under its name only when it is complete.

    `frames` may be a generator: RGBA uint8 [480, 640, 4] each, or (rgb [480, 640, 3], alpha [480, 640]). They go to
    `NNNN.png` (0-based), or with `as_video` to `<id>.mkv` and `<id>_segm.mkv`, lossless. `textures` are uint8 [h, w, 3]
    by garment name. The same arguments give the same bytes. UserError where the folder is there already, names differ
    from the outfit's, or counts do not fit; an image or two fewer than poses are allowed, as in the dataset.
    """
    folder = Path(folder)
    items = {name: GarmentData(*item) for name, item in garments.items()}
    _check(folder, info, items, textures or {})
    with replaced_folder(folder) as work:
        write_info(work / "info.mat", info)
        for name, item in items.items():
            write_obj(work / f"{name}.obj", item.rest, item.faces, item.uvs, item.face_uvs)
            write_pointcache(work / f"{name}.pc16", item.frames)
        for name, texture in (textures or {}).items():
            Image.fromarray(texture).save(work / f"{name}.png")
        count = _write_frames(work, folder.name, frames, as_video)
        if not info.num_poses - SPARE <= count <= info.num_poses or count == 0:
            raise UserError(f"{folder}: was given {count} images for {info.num_poses} poses; give one for each pose")


def _check(folder: Path, info: SequenceInfo, items: dict[str, GarmentData], textures: Mapping[str, np.ndarray]) -> None:
    if folder.exists():
        raise UserError(f"{folder}: exists already; remove it or choose another folder")
    if not (len(folder.name) == 5 and folder.name.isdigit()):
        raise UserError(f"{folder}: a sequence's folder is named by five digits, such as 00042")
    if set(items) != set(info.outfit) or not set(textures) <= set(items):
        raise UserError(
            f"{folder}: garments {sorted(items)} and textures {sorted(textures)} do not fit"
            f" the outfit {sorted(info.outfit)}"
        )
    for name, item in items.items():
        expected = (info.num_poses, len(item.rest), 3)
        if np.shape(item.frames) != expected:
            raise UserError(f"{folder}: {name} has frames of the shape {np.shape(item.frames)}, {expected} is needed")


def _write_frames(work: Path, name: str, frames: Iterable, as_video: bool) -> int:
    count = 0
    with ExitStack() as stack:
        if as_video:
            colour = stack.enter_context(VideoWriter(work / f"{name}.mkv"))
            mask = stack.enter_context(VideoWriter(work / f"{name}_segm.mkv"))
        for count, frame in enumerate(frames, start=1):
            rgb, alpha = frame if isinstance(frame, tuple) else (frame[..., :3], frame[..., 3])
            if as_video:
                colour.add(rgb)
                mask.add(alpha)
            else:
                Image.fromarray(np.dstack([rgb, alpha])).save(work / f"{count - 1:04d}.png", compress_level=3)
    return count
