"""Artists' clothes on subjects of ours: carried by the body's skinning, pushed out of the body, and pictured."""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import numpy as np

from garment_uv.body.skeleton import REST_POSE
from garment_uv.datasets.artist.clothes import CLASSES, Clothes, clothes_file, read_clothes
from garment_uv.datasets.artist.plan import ArtistPlan
from garment_uv.datasets.cloth3d.info import GarmentInfo, SequenceInfo
from garment_uv.datasets.open.appearance import draw_appearance
from garment_uv.datasets.open.moments import choose_moments, motion_length
from garment_uv.datasets.open.motion import make_motion
from garment_uv.datasets.open.outfits import FABRICS
from garment_uv.datasets.open.perform import Performance, textured
from garment_uv.datasets.open.performer import mark
from garment_uv.datasets.open.plan import SequencePlan
from garment_uv.datasets.open.stage import Stage, process_stage

_REVISION = 1
"""Goes up when the same plan gives another performance."""
_WOMAN = 0
"""The clothes were drawn for women."""


@dataclass(frozen=True)
class ArtistPerformer:
    """Performs plans of artists' clothes."""

    package: Path
    """The folder `package`: see `clothes`."""

    @property
    def digest(self) -> str:
        """Of the clothes' files, the body's version and ours; UserError where the folder is not the package's."""
        read_clothes(self.package)
        files = sha256(b"".join(clothes_file(self.package, name).read_bytes() for name in CLASSES)).hexdigest()
        return f"clothes {files} anny {version('anny')} revision {_REVISION}"

    def perform(self, plan: SequencePlan) -> Performance:
        """The performance of an `ArtistPlan` on this process's stage."""
        assert isinstance(plan, ArtistPlan)
        named = _wardrobe(self.package)
        return wear(process_stage(), plan, [named[name] for name in plan.clothes])

    def known_by(self, plan: SequencePlan) -> tuple[str, ...]:
        """The subject by its stream, each garment by its name."""
        assert isinstance(plan, ArtistPlan)
        return mark("subject", plan.seed, plan.number), *(mark("clothes", name) for name in plan.clothes)


@lru_cache(maxsize=1)
def _wardrobe(package: Path) -> dict[str, Clothes]:
    return {item.name: item for item in read_clothes(package)}


def wear(stage: Stage, plan: ArtistPlan, clothes: list[Clothes]) -> Performance:
    """The sequence of `plan` in `clothes`, lower before upper; the same plan gives the same numbers."""
    rng = plan.random()
    shape = np.clip(rng.normal(0.0, 1.0, 10), -2.5, 2.5).astype(np.float32)
    names = [item.garment_class for item in clothes]
    fabrics = {name: str(rng.choice(list(FABRICS))) for name in names}
    look = draw_appearance(tuple(names), fabrics, rng)
    heading = rng.normal(0.0, 0.6) if rng.uniform() < 0.7 else rng.uniform(-np.pi, np.pi)
    motion = make_motion(plan.motion, motion_length(plan.frames), heading - look.zrot, rng)
    moments = choose_moments(motion, plan.frames)
    kept = moments.kept
    poses = moments.poses[kept]
    trans = stage.travel(stage.helpers(_WOMAN, shape, poses), moments.path[kept], moments.lift[kept])
    with_rest = np.concatenate([REST_POSE[None], poses])
    bases = stage.body.base_mesh_many(_WOMAN, shape, with_rest).astype(np.float64)
    body = stage.body.pose_many(_WOMAN, shape, with_rest)
    faces = [item.faces for item in clothes]
    skin = stage.skin(body[0])
    worn = []
    for base, vertices in zip(bases, body, strict=True):
        skin.move(vertices)
        worn.append(stage.layered([item.on(base) for item in clothes], faces, skin))
    garments = {
        name: textured(
            worn[0][index], faces[index][:, [0, 1, 2, 2]], np.stack([layers[index] for layers in worn[1:]]),
            look.looks[name].metres,
        )
        for index, name in enumerate(names)
    }  # fmt: skip
    info = SequenceInfo(
        shape=shape, poses=poses, trans=trans, gender=_WOMAN, zrot=look.zrot, cam_loc=look.camera,
        tightness=np.zeros(2), outfit={n: GarmentInfo(fabrics[n], *look.looks[n].texture()) for n in names},
        seq=f"{plan.motion}_{plan.seed}_{plan.number:05d}", seq_start=moments.first,
        seq_end=moments.first + int(kept[-1] - kept[0]) + 1, lights_data=list(look.lights),
    )  # fmt: skip
    textures = {name: item.tile for name, item in look.looks.items() if item.tile is not None}
    return Performance(info, garments, textures, body[1:], stage.body.faces, look)
