"""One raw sequence on disk, `<raw>/<split>/<5-digit id>/`: real CLOTH3D or ours, read frame by frame."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from garment_uv.body.protocol import BodyModel, BodyParameters
from garment_uv.datasets.cloth3d.camera import crop, relative_camera
from garment_uv.datasets.cloth3d.info import SequenceInfo, read_info
from garment_uv.datasets.cloth3d.pointcache import PointCache
from garment_uv.datasets.cloth3d.video import PngFolder, VideoReader
from garment_uv.errors import UserError
from garment_uv.geometry.obj import ObjMesh, read_obj

SPARE = 2
"""Poses, motion and images may differ by this many frames: the dataset's own 200 poses to 199 images."""


@dataclass(frozen=True, eq=False)
class SequenceGarment:
    """A garment of the sequence: its rest mesh and its motion."""

    rest: ObjMesh
    """At rest, z-up, metres."""
    motion: PointCache
    """Root-relative vertices per frame, before zrot."""

    @property
    def faces(self) -> np.ndarray:
        """int32 [F, 3] triangles."""
        return self.rest.triangles


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame of a sequence."""

    index: int
    """0-based; pose `index` belongs to it."""
    rgb: np.ndarray
    """uint8 [480, 640, 3]."""
    alpha: np.ndarray
    """uint8 [480, 640], 0 where the background is."""
    garments: dict[str, np.ndarray]
    """float32 [N, 3] metres per garment, root-relative, before zrot."""
    body: BodyParameters
    """Gender, shape and pose, as every BodyModel takes them."""
    trans: np.ndarray
    """float64 [3] root in the world before zrot, metres."""
    zrot: float
    """Radians about z that turn garments and body to the sample frame."""
    camera: np.ndarray
    """float64 [3] camera in the sample frame, metres: what `camera.crop` and `camera.project` take."""

    def square(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Picture uint8 [size, size, 3] and mask uint8 [size, size] of the square of +-1.25 m around the root."""
        rgb, alpha = (crop(picture, self.camera, size) for picture in (self.rgb, self.alpha))
        return np.ascontiguousarray(rgb), np.ascontiguousarray(alpha)


@dataclass(frozen=True, eq=False)
class Sequence:
    """An opened sequence: its files are there and their counts fit; frames are read when asked for."""

    folder: Path
    info: SequenceInfo
    garments: dict[str, SequenceGarment]
    """By class name, in the outfit's order; empty when opened without garments."""
    num_frames: int
    """Frames that have a pose, every garment's motion and, but for gaps in a PNG folder, an image."""
    frame_indices: tuple[int, ...]
    """The indices below `num_frames` that have an image."""
    note: str | None
    """What was left unread and why, in one line; None when everything fits."""
    _pictures: "_VideoPair | PngFolder" = field(repr=False)
    known_by: tuple[str, ...] = ()
    """Not known: what subjects and outfits a dataset's splits share is its makers' to say."""

    @classmethod
    def open(cls, folder: Path | str, garments: bool = True) -> "Sequence":
        """Open `folder`, without its meshes if so wanted; UserError names what is missing, broken or too short."""
        folder = Path(folder)
        if not folder.is_dir():
            raise UserError(f"{folder}: no such folder; give the folder of one sequence, <raw>/<split>/<id>")
        info = read_info(folder / "info.mat")
        found = {name: _garment(folder, name) for name in info.outfit} if garments else {}
        pictures, indices = _pictures(folder)
        counts = {"poses": info.num_poses, "images": indices[-1] + 1}
        counts |= {item.motion.path.name: item.motion.num_frames for item in found.values()}
        shortest, longest = min(counts.values()), max(counts.values())
        said = ", ".join(f"{count} {name}" for name, count in counts.items())
        if longest - shortest > SPARE:
            raise UserError(f"{folder}: {said} differ by more than {SPARE}; fetch the sequence again or leave it out")
        readable = tuple(index for index in indices if index < shortest)
        notes = [f"{said}: read to the shorter, {shortest}"] if longest != shortest else []
        if isinstance(pictures, PngFolder) and pictures.first:
            notes.append(f"pictures are numbered from {pictures.first} on, as ffmpeg does: the first is frame 0")
        if len(readable) != shortest:
            notes.append(f"{len(readable)} of {shortest} frames have a picture")
        note = f"{folder.name}: {'; '.join(notes)}" if notes else None
        return cls(folder, info, found, shortest, readable, note, pictures)

    @property
    def subject(self) -> BodyParameters:
        """Gender and shape; its pose is zero."""
        return BodyParameters(self.info.gender, self.info.shape.astype(np.float32), np.zeros(72, np.float32))

    @property
    def zrot(self) -> float:
        """Radians by which rest garments may be turned."""
        return float(self.info.zrot)

    @property
    def faces(self) -> dict[str, np.ndarray]:
        """int32 [F, 3] triangles by class, in the outfit's order."""
        return {name: item.faces for name, item in self.garments.items()}

    def rest_garments(self, body: BodyModel) -> dict[str, np.ndarray]:
        """Each garment's rest vertices [N, 3] metres, as its file has them, whatever the body."""
        return {name: item.rest.vertices for name, item in self.garments.items()}

    def frame(self, index: int) -> Frame:
        """Frame `index`, one of `frame_indices`; quick when frames are asked for in ascending order."""
        if not 0 <= index < self.num_frames:
            raise IndexError(f"{self.folder} has the frames 0 to {self.num_frames - 1}, was asked for {index}")
        info = self.info
        rgb, alpha = self._pictures.frame(index)
        body = BodyParameters(info.gender, info.shape.astype(np.float32), info.poses[index].astype(np.float32))
        trans = info.trans[index]
        vertices = {name: item.motion.frame(index) for name, item in self.garments.items()}
        camera = relative_camera(info.cam_loc, trans, info.zrot)
        return Frame(index, rgb, alpha, vertices, body, trans, info.zrot, camera)

    def close(self) -> None:
        """Close the videos; a later `frame` opens them again."""
        if isinstance(self._pictures, _VideoPair):
            self._pictures.close()


def find_sequences(raw: Path | str) -> list[tuple[str, Path]]:
    """(split, folder) of every `<raw>/<split>/<5-digit id>/`, sorted; UserError where there is none."""
    raw = Path(raw)
    found = [(p.parent.name, p) for p in sorted(raw.glob("*/[0-9][0-9][0-9][0-9][0-9]")) if p.is_dir()]
    if not found:
        raise UserError(f"{raw}: holds no sequence; give a folder laid out as <split>/<5-digit id>/info.mat")
    return found


class _VideoPair:
    """`<id>.mkv` and `<id>_segm.mkv`, read together."""

    def __init__(self, colour: Path, alpha: Path) -> None:
        self.colour, self.alpha = VideoReader(colour), VideoReader(alpha, "gray")
        if abs(self.colour.num_frames - self.alpha.num_frames) > SPARE:
            raise UserError(
                f"{alpha}: {self.alpha.num_frames} frames where {colour.name} has {self.colour.num_frames};"
                " fetch both again"
            )
        self.num_frames = min(self.colour.num_frames, self.alpha.num_frames)

    def frame(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        return self.colour.frame(index), self.alpha.frame(index)

    def close(self) -> None:
        self.colour.close()
        self.alpha.close()


def _pictures(folder: Path) -> tuple["_VideoPair | PngFolder", tuple[int, ...]]:
    colour, alpha = folder / f"{folder.name}.mkv", folder / f"{folder.name}_segm.mkv"
    if colour.is_file() or alpha.is_file():
        pair = _VideoPair(colour, alpha)
        return pair, tuple(range(pair.num_frames))
    pngs = PngFolder(folder)
    if not pngs.indices:
        raise UserError(f"{folder}: has neither {colour.name} nor frames NNNN.png; fetch the images")
    return pngs, pngs.indices


def _garment(folder: Path, name: str) -> SequenceGarment:
    motion_path = folder / f"{name}.pc16"
    if not motion_path.is_file() and (folder / f"{name}.pc2").is_file():
        motion_path = folder / f"{name}.pc2"
    rest, motion = read_obj(folder / f"{name}.obj"), PointCache.open(motion_path)
    if len(rest.vertices) != motion.num_points:
        raise UserError(
            f"{motion_path}: {motion.num_points} points where {name}.obj has {len(rest.vertices)} vertices;"
            " fetch both again"
        )
    return SequenceGarment(rest, motion)
