"""One raw sequence of plain files, read frame by frame as CLOTH3D's are."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from garment_uv.body.protocol import BodyModel, BodyParameters
from garment_uv.body.skeleton import REST_POSE
from garment_uv.datasets.plain.description import FrameDescription, SequenceDescription, read_description
from garment_uv.datasets.plain.unpose import TwoPoses, unposed
from garment_uv.datasets.plain.view import square_of
from garment_uv.errors import UserError, one_line
from garment_uv.geometry.obj import ObjMesh, read_obj
from garment_uv.geometry.rotations import about_z, axis_angles, rotation_matrices

UPRIGHT = {"z": np.eye(3), "y": np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])}
"""Turns the world so that z points up."""


@dataclass(frozen=True, eq=False)
class PlainFrame:
    """One frame: the attributes of `datasets.raw.RawFrame`."""

    index: int
    garments: dict[str, np.ndarray]
    body: BodyParameters
    trans: np.ndarray
    zrot: float
    camera: np.ndarray
    picture: np.ndarray
    """uint8 [H, W, 3] as it was taken."""
    mask: np.ndarray
    """uint8 [H, W]."""
    to_pixels: np.ndarray
    """K R, float64 [3, 3], for directions in the sample's frame."""

    def square(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Picture uint8 [size, size, 3] and mask uint8 [size, size] of the square of +-1.25 m around the root."""
        picture, mask = (square_of(item, self.to_pixels, self.camera, size) for item in (self.picture, self.mask))
        return picture, mask


@dataclass(frozen=True, eq=False)
class PlainSequence:
    """An opened sequence: `datasets.raw.ClothedSequence`."""

    folder: Path
    description: SequenceDescription
    subject: BodyParameters
    faces: dict[str, np.ndarray]
    """int32 [F, 3] by class, in the order in which they are worn."""
    frame_indices: tuple[int, ...]
    zrot: float = 0.0
    """Rest meshes are not turned."""
    note: str | None = None
    known_by: tuple[str, ...] = ()
    """Not known."""

    @classmethod
    def open(cls, folder: Path | str) -> "PlainSequence":
        """Reads the description and the first frame's meshes; UserError names what is missing or does not fit."""
        folder = Path(folder)
        description = read_description(folder)
        first = description.frames[0]
        faces = {name: _mesh(folder, first.garments[name]).triangles for name in description.garments}
        for frame in description.frames:
            for name in (frame.picture, *([frame.mask] if frame.mask else []), *frame.garments.values()):
                if not (folder / name).is_file():
                    raise UserError(f"{folder / name}: no such file, though {folder.name}'s sequence.json names it")
        subject = BodyParameters(
            int(description.gender == "male"), np.array(description.shape, np.float32), np.zeros(72, np.float32)
        )
        return cls(folder, description, subject, faces, tuple(range(len(description.frames))))

    def rest_garments(self, body: BodyModel) -> dict[str, np.ndarray]:
        """Each garment's vertices [N, 3] on the body at rest, root-relative, metres; by its file, or unposed."""
        given = self.description.rest
        found = {name: _mesh(self.folder, given[name]).vertices for name in self.faces if name in given}
        if missing := [name for name in self.faces if name not in given]:
            frame = self.frame(self._calmest())
            resting = BodyParameters(self.subject.gender, self.subject.shape, REST_POSE)
            rest_joints = body.joints(resting)
            poses = TwoPoses(body.pose(frame.body), body.rest(self.subject), body.faces, rest_joints)
            found |= {name: unposed(frame.garments[name], poses, name) for name in missing}
        for name, vertices in found.items():
            if len(vertices) <= self.faces[name].max():
                raise UserError(f"{self.folder}: {name} has other vertices at rest than in its frames")
        return found

    def frame(self, index: int) -> PlainFrame:
        """Frame `index`; UserError names the file that cannot be read or does not fit."""
        described, upright = self.description.frames[index], UPRIGHT[self.description.up]
        pose = np.array(described.pose)
        pose[:3] = axis_angles(upright @ rotation_matrices(pose[None, :3])[0])
        root = upright @ np.array(described.root)
        turn_in = np.array(described.camera.R) @ upright.T
        centre = -turn_in.T @ np.array(described.camera.t) - root
        zrot = float(-np.arctan2(centre[1], centre[0]))
        turn = about_z(zrot)
        picture, mask = self._pictures(described)
        return PlainFrame(
            index=index,
            garments={name: self._vertices(described, name, upright, root) for name in self.faces},
            body=BodyParameters(self.subject.gender, self.subject.shape, pose.astype(np.float32)),
            trans=root,
            zrot=zrot,
            camera=turn @ centre,
            picture=picture,
            mask=mask,
            to_pixels=np.array(described.camera.K) @ turn_in @ turn.T,
        )

    def _calmest(self) -> int:
        """The frame whose pose is nearest to the rest pose."""
        poses = np.array([frame.pose for frame in self.description.frames])
        return int(np.square(poses[:, 3:] - REST_POSE[3:]).sum(axis=1).argmin())

    def close(self) -> None:
        """Nothing stays open."""

    def _vertices(self, described: FrameDescription, name: str, upright: np.ndarray, root: np.ndarray) -> np.ndarray:
        mesh = _mesh(self.folder, described.garments[name])
        if not np.array_equal(mesh.triangles, self.faces[name]):
            path = self.folder / described.garments[name]
            raise UserError(f"{path}: has other faces than the first frame's {name}; all frames need the same")
        return (mesh.vertices @ upright.T - root).astype(np.float32)

    def _pictures(self, described: FrameDescription) -> tuple[np.ndarray, np.ndarray]:
        path = self.folder / described.picture
        if described.mask is None:
            pixels = _pixels(path, "RGBA")
            if pixels[..., 3].min() == 255:
                raise UserError(f"{path}: has no transparency and sequence.json names no mask for it; name one")
            return _on_black(pixels[..., :3], pixels[..., 3]), np.ascontiguousarray(pixels[..., 3])
        picture, mask = _pixels(path, "RGB"), _pixels(self.folder / described.mask, "L")
        if picture.shape[:2] != mask.shape:
            raise UserError(f"{self.folder / described.mask}: is of another size than {path.name}")
        return _on_black(picture, mask), mask


def _on_black(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return np.rint(picture * (mask[..., None] / 255)).astype(np.uint8)


def _mesh(folder: Path, name: str) -> ObjMesh:
    mesh = read_obj(folder / name)
    if not len(mesh.triangles):
        raise UserError(f"{folder / name}: has no faces")
    return mesh


def _pixels(path: Path, mode: str) -> np.ndarray:
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert(mode))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        raise UserError(f"{path}: cannot be read: {one_line(error, 200)}") from None
