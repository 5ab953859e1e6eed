"""One sequence: a subject moves, its garments follow, and pictures are taken. Ours."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from garment_uv.body.anny_body import AnnyBody
from garment_uv.body.protocol import BodyParameters
from garment_uv.datasets.cloth3d.camera import frame_camera
from garment_uv.datasets.cloth3d.info import GarmentInfo, SequenceInfo
from garment_uv.datasets.cloth3d.writer import GarmentData
from garment_uv.datasets.open._mesh import split_quads
from garment_uv.datasets.open.appearance import Appearance, draw_appearance, texture_corners
from garment_uv.datasets.open.collider import Collider
from garment_uv.datasets.open.drape import CLOTH_MARGIN, SUBSTEPS, Drape, Garment
from garment_uv.datasets.open.motion import make_motion
from garment_uv.datasets.open.outfits import draw_outfit
from garment_uv.datasets.open.plan import SequencePlan
from garment_uv.datasets.open.renderer import RenderMesh, render
from garment_uv.datasets.open.tailor import Tailor
from garment_uv.geometry.rotations import about_z
from garment_uv.geometry.warp_device import quiet

SPAN = 60
"""Frames of 30 fps that even a sequence of few images lasts: their poses then differ."""
T_POSE = np.array([np.pi / 2] + [0.0] * 71, dtype=np.float32)
"""Standing upright, z-up, arms out: where garments are cut."""
SETTLE = 16
"""Substeps in the first pose before the motion starts."""


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
        return RenderMesh(item.rest, split_quads(faces), (1.0, 1.0, 1.0), look.tile, corner_uv, look.gloss, bias)


class Stage:
    """The body and the tailor, shared by all sequences of a process."""

    def __init__(self, body: AnnyBody | None = None) -> None:
        quiet()
        self._body = body or AnnyBody()
        self._layers = self._body.helper_layers()
        mean = BodyParameters(0, np.zeros(10, dtype=np.float32), T_POSE)
        self._tailor = Tailor(self._layers, self._body.pose_helpers(mean))

    def perform(self, plan: SequencePlan) -> Performance:
        """Make the sequence of `plan`; the same plan gives the same numbers."""
        rng = plan.random()
        gender = int(rng.integers(2)) if plan.garments != ("Dress",) else int(rng.uniform() < 0.2)
        shape = np.clip(rng.normal(0.0, 1.0, 10), -2.5, 2.5).astype(np.float32)
        outfit = draw_outfit(plan.garments, rng)
        fabrics = {cut.name: cut.fabric for cut in outfit.cuts}
        appearance = draw_appearance(tuple(fabrics), fabrics, rng)
        stride = max(1, round(SPAN / plan.frames))
        length = (plan.frames - 1) * stride + 1
        heading = rng.normal(0.0, 0.6) if rng.uniform() < 0.7 else rng.uniform(-np.pi, np.pi)
        motion = make_motion(plan.motion, length, heading - appearance.zrot, rng)
        kept = np.arange(0, length, stride)

        tights = len(self._layers["tights"].base_vertices)
        helpers = _stacked(self._body.pose_helpers_many(gender, shape, motion.poses))
        ground = -helpers[:, :tights, 2].min(axis=1) + motion.lift
        trans = np.concatenate([motion.path, ground[:, None]], axis=1)
        body = self._body.pose_many(gender, shape, motion.poses[kept])
        t_pose = BodyParameters(gender, shape, T_POSE)
        natural = _stacked(self._body.pose_helpers(t_pose))
        garments = [Garment(self._tailor.pattern(cut), natural, rng) for cut in outfit.cuts]
        draped = self._drape(garments, helpers + trans[:, None], kept, tights)
        frames = [[x - trans[t] for x in layers] for t, layers in zip(kept, draped, strict=True)]
        rest_helpers = _stacked(self._body.rest_helpers(t_pose))
        rests = [g.pattern.stored(g.target(rest_helpers)) for g in garments]
        layered = self._layered([rests, *frames], garments, [self._body.rest(t_pose), *body])
        data = _garment_data(garments, layered[0], layered[1:], appearance)
        info = SequenceInfo(
            shape=shape, poses=motion.poses[kept], trans=trans[kept], gender=gender, zrot=appearance.zrot,
            cam_loc=appearance.camera, tightness=np.array(outfit.tightness),
            outfit={n: GarmentInfo(fabrics[n], *appearance.looks[n].texture()) for n in data},
            seq=f"{plan.motion}_{plan.seed}_{plan.number:05d}", seq_start=0, seq_end=length,
            lights_data=list(appearance.lights),
        )  # fmt: skip
        textures = {n: look.tile for n, look in appearance.looks.items() if look.tile is not None}
        return Performance(info, data, textures, body, self._body.faces, appearance)

    def _drape(
        self, garments: list[Garment], helpers: np.ndarray, kept: np.ndarray, tights: int
    ) -> list[list[np.ndarray]]:
        """Simulate all frames; the stored vertices of each garment, in the world, at the frames `kept`."""
        collider = Collider(helpers[0, :tights], self._layers["tights"].faces)
        targets = [garment.target(helpers[0]) for garment in garments]
        drapes = [Drape(garment, target) for garment, target in zip(garments, targets, strict=True)]
        for _ in range(SETTLE):
            for drape, target in zip(drapes, targets, strict=True):
                drape.substep(target, collider)
        wanted, frames = set(kept.tolist()), []
        for time in range(len(helpers)):
            before, targets = targets, [garment.target(helpers[time]) for garment in garments]
            for step in range(1, SUBSTEPS + 1) if time else ():
                share = step / SUBSTEPS
                surface = helpers[time - 1, :tights] * (1 - share) + helpers[time, :tights] * share
                collider.move(surface)
                for drape, old, new in zip(drapes, before, targets, strict=True):
                    drape.substep(old * (1 - share) + new * share, collider)
            if time in wanted:
                frames.append(
                    [g.pattern.stored(d.vertices.astype(np.float64)) for g, d in zip(garments, drapes, strict=True)]
                )
        return frames

    def _layered(
        self, frames: list[list[np.ndarray]], garments: list[Garment], bodies: list[np.ndarray]
    ) -> list[list[np.ndarray]]:
        """Each frame's garments outside of the body, and uppers outside of the lower they are worn over."""
        faces = [split_quads(garment.pattern.fine_faces) for garment in garments]
        return [_layered(layers, faces, body, self._body.faces) for layers, body in zip(frames, bodies, strict=True)]


def _garment_data(
    garments: list[Garment], rests: list[np.ndarray], frames: list[list[np.ndarray]], appearance: Appearance
) -> dict[str, GarmentData]:
    """The garments as the writer takes them, lower before upper."""
    data = {}
    for index, garment in enumerate(garments):
        name, quads = garment.pattern.cut.name, garment.pattern.fine_faces
        uvs, corners = texture_corners(rests[index], quads, appearance.looks[name].metres)
        data[name] = GarmentData(
            rest=rests[index],
            faces=_polygons(quads, quads),
            frames=np.stack([layers[index] for layers in frames]),
            uvs=uvs,
            face_uvs=_polygons(quads, corners),
        )
    return data


def _layered(
    layers: list[np.ndarray], faces: list[np.ndarray], body: np.ndarray, body_faces: np.ndarray
) -> list[np.ndarray]:
    """Each garment outside of the body and of the garment under it."""
    skin = Collider(body, body_faces)
    result: list[np.ndarray] = []
    for index, vertices in enumerate(layers):
        if index:
            under = Collider(result[index - 1], faces[index - 1])
            vertices = under.pushed(vertices, CLOTH_MARGIN, nearby=0.04, steep=0.75)
        result.append(skin.pushed(vertices, CLOTH_MARGIN, nearby=0.09))
    return result


def _stacked(helpers: dict[str, np.ndarray]) -> np.ndarray:
    """Helper layers as one float64 [..., H, 3], tights first."""
    return np.concatenate([helpers["tights"], helpers["skirt"]], axis=-2).astype(np.float64)


def _polygons(quads: np.ndarray, rows: np.ndarray) -> list[list[int]]:
    """`rows` [F, 4] as lists, of three where the quad is a triangle."""
    four = quads[:, 2] != quads[:, 3]
    return [row if whole else row[:3] for row, whole in zip(rows.tolist(), four, strict=True)]


def _triangle_corners(quads: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """`corners` [F, 4] in the order that `split_quads` gives its triangles, [T, 3]."""
    four = quads[:, 2] != quads[:, 3]
    return np.concatenate([corners[:, :3], corners[four][:, [0, 2, 3]]])
