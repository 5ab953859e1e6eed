"""What variety="basic" draws stays what it was before there was another: a digest of casts and motions."""

from hashlib import sha256

import numpy as np

from garment_uv.datasets.open.cast import draw_cast
from garment_uv.datasets.open.motion import make_motion
from garment_uv.datasets.open.plan import plan_sequences

CUT = "name fabric looseness top bottom neck sleeve slant flare folds fold_depth".split()
LOOK = "colour print_name tile metres gloss".split()
RECORDED = "4829f731bb8c954897c68c5ffbd32a9b5b8dfe039e190a6d6c78862917dd96fd"


def said(value) -> str:
    """Numbers to nine digits: what differs in the last bits between processors is the same draw."""
    if isinstance(value, str):
        return value
    return " ".join(f"{number:.9g}" for number in np.atleast_1d(np.asarray(value, dtype=np.float64)).ravel())


def drawn(plan) -> list[str]:
    cast = draw_cast(plan)
    look = cast.appearance
    parts = [plan.folder, *plan.garments, plan.motion, cast.gender, cast.shape, cast.heading, cast.outfit.tightness]
    for cut in cast.outfit.cuts:
        parts += [getattr(cut, name) for name in CUT]
        found = (getattr(look.looks[cut.name], name) for name in LOOK)
        parts += ["none" if value is None else value for value in found]
    parts += [look.skin, look.ambient, look.camera, look.zrot]
    parts += [light[key] for light in look.lights for key in ("loc", "pwr")]
    motion = make_motion(plan.motion, 5, cast.heading, cast.rng)
    return [said(part) for part in [*parts, motion.poses, motion.path, motion.lift, cast.rng.uniform()]]


def test_basic_draws_what_it_always_drew():
    total = sha256()
    for plan in plan_sequences(48, 3, 11, {"train": 0.5, "val": 0.25, "test": 0.25}):
        total.update("\n".join(drawn(plan)).encode())
    assert total.hexdigest() == RECORDED
