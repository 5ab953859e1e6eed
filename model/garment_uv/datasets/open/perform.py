"""One sequence: a subject moves, its garments follow, and pictures are taken. Ours."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from garment_uv.datasets.cloth3d.camera import frame_camera
from garment_uv.datasets.cloth3d.info import GarmentInfo, SequenceInfo
from garment_uv.datasets.cloth3d.writer import GarmentData
from garment_uv.datasets.open._mesh import split_quads
from garment_uv.datasets.open.appearance import Appearance, texture_corners
from garment_uv.datasets.open.cast import Cast, draw_cast
from garment_uv.datasets.open.cloth.sheets import CannotSimulate
from garment_uv.datasets.open.plan import SequencePlan
from garment_uv.datasets.open.procedural import procedural_take
from garment_uv.datasets.open.renderer import RenderMesh, render
from garment_uv.datasets.open.simulated import simulated_takes
from garment_uv.datasets.open.stage import Stage
from garment_uv.datasets.open.take import Take
from garment_uv.geometry.rotations import about_z

ClothKind = Literal["procedural", "simulated"]
"""How cloth moves: by targets from the pose, or by the solver of `cloth`."""


@dataclass(frozen=True)
class Performance:
    """A finished sequence, ready to be written."""

    info: SequenceInfo
    garments: dict[str, GarmentData]
    textures: dict[str, np.ndarray]
    """uint8 [h, w, 3] by garment with a print."""
    body: np.ndarray
    """float32 [T, V, 3] root-relative, before zrot."""
    body_faces: np.ndarray
    appearance: Appearance

    def pictures(self) -> Iterator[np.ndarray]:
        """RGBA uint8 [480, 640, 4] of each frame."""
        camera = frame_camera(self.info.cam_loc)
        lighting = self.appearance.lighting()
        rotation = about_z(self.info.zrot).T
        surfaces = {name: self._surface(name, item) for name, item in self.garments.items()}
        for index in range(self.info.num_poses):
            shift = self.info.trans[index]
            skin = RenderMesh((self.body[index] + shift) @ rotation, self.body_faces, self.appearance.skin, gloss=0.06)
            cloth = [
                replace(surfaces[name], vertices=(item.frames[index] + shift) @ rotation)
                for name, item in self.garments.items()
            ]
            yield render([skin, *cloth], camera, lighting)

    def _surface(self, name: str, item: GarmentData) -> RenderMesh:
        """The garment's look on its rest mesh; a later garment is worn over an earlier one."""
        look = self.appearance.looks[name]
        faces = np.array([(*f, f[-1])[:4] for f in item.faces], dtype=np.int32)
        corners = np.array([(*f, f[-1])[:4] for f in item.face_uvs], dtype=np.int32)
        bias = 0.0006 * (1 + list(self.garments).index(name))
        if look.tile is None:
            return RenderMesh(item.rest, split_quads(faces), look.colour, gloss=look.gloss, bias=bias)
        corner_uv = item.uvs[_triangle_corners(faces, corners)]
        colour = look.tint(item.rest, faces) if look.hem_width else (1.0, 1.0, 1.0)
        surface = RenderMesh(item.rest, split_quads(faces), colour, look.tile, corner_uv, look.gloss, bias)
        return replace(surface, shine=look.shine, sheen=look.sheen)


def perform(stage: Stage, plan: SequencePlan, cloth: ClothKind = "procedural") -> Performance:
    """Make the sequence of `plan`; the same plan gives the same numbers. CannotSimulate where its cloth will not do."""
    (done,) = perform_many(stage, [plan], cloth)
    if isinstance(done, CannotSimulate):
        raise done
    return done


def perform_many(
    stage: Stage, plans: Sequence[SequencePlan], cloth: ClothKind = "procedural", device: str = "cpu"
) -> Iterator[Performance | CannotSimulate]:
    """`perform` of several in turn, simulated together on `device`; what could not be simulated is its reason.

    On a CPU each is to the bit what it is alone.
    """
    casts = [draw_cast(plan) for plan in plans]
    if cloth == "simulated":
        takes = iter(simulated_takes(stage, casts, device=device))
    else:
        takes = (_procedural(stage, cast) for cast in casts)
    for cast, take in zip(casts, takes, strict=True):
        yield take if isinstance(take, CannotSimulate) else _performance(stage, cast, take)


def _procedural(stage: Stage, cast: Cast) -> Take | CannotSimulate:
    try:
        return procedural_take(stage, cast)
    except CannotSimulate as error:
        return error


def _performance(stage: Stage, cast: Cast, take: Take) -> Performance:
    """What `take` shows, as the files hold it."""
    plan, look = cast.plan, cast.appearance
    data = _garment_data(take, look)
    info = SequenceInfo(
        shape=cast.shape, poses=take.poses, trans=take.trans, gender=cast.gender, zrot=look.zrot,
        cam_loc=look.camera, tightness=np.array(cast.outfit.tightness),
        outfit={n: GarmentInfo(cast.fabrics[n], *look.looks[n].texture()) for n in data},
        seq=f"{plan.motion}_{plan.seed}_{plan.number:05d}", seq_start=take.span[0], seq_end=take.span[1],
        lights_data=list(look.lights),
    )  # fmt: skip
    textures = {n: item.tile for n, item in look.looks.items() if item.tile is not None}
    return Performance(info, data, textures, take.body, stage.body.faces, look)


def _garment_data(take: Take, appearance: Appearance) -> dict[str, GarmentData]:
    """The garments as the writer takes them, lower before upper."""
    data = {}
    for index, pattern in enumerate(take.patterns):
        frames = np.stack([layers[index] for layers in take.frames])
        name = pattern.cut.name
        data[name] = textured(take.rests[index], pattern.fine_faces, frames, appearance.looks[name].metres)
    return data


def textured(rest: np.ndarray, quads: np.ndarray, frames: np.ndarray, metres: float) -> GarmentData:
    """A garment as the writer takes it, its texture's tiles `metres` wide; `quads` [F, 4] may repeat their last."""
    uvs, corners = texture_corners(rest, quads, metres)
    return GarmentData(rest, _polygons(quads, quads), frames, uvs, _polygons(quads, corners))


def _polygons(quads: np.ndarray, rows: np.ndarray) -> list[list[int]]:
    """`rows` [F, 4] as lists, of three where the quad is a triangle."""
    four = quads[:, 2] != quads[:, 3]
    return [row if whole else row[:3] for row, whole in zip(rows.tolist(), four, strict=True)]


def _triangle_corners(quads: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """`corners` [F, 4] in the order that `split_quads` gives its triangles, [T, 3]."""
    four = quads[:, 2] != quads[:, 3]
    return np.concatenate([corners[:, :3], corners[four][:, [0, 2, 3]]])
