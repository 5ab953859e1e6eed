"""Cloth without a solver: targets from the pose, and sweeps that lag behind them (`drape`). Ours."""

import numpy as np

from garment_uv.datasets.open._mesh import split_quads
from garment_uv.datasets.open.cast import Cast
from garment_uv.datasets.open.collider import Collider
from garment_uv.datasets.open.drape import SUBSTEPS, Drape, Garment
from garment_uv.datasets.open.motion import Move, make_motion
from garment_uv.datasets.open.stage import T_POSE, Stage, stacked
from garment_uv.datasets.open.take import Take

SPAN = 60
"""Frames of 30 fps that even a sequence of few images lasts: their poses then differ."""
SETTLE = 16
"""Substeps in the first pose before the motion starts."""


def procedural_take(stage: Stage, cast: Cast, move: Move = make_motion) -> Take:
    """The sequence of `cast`, its kept frames evenly spaced; the same cast gives the same numbers."""
    plan, rng = cast.plan, cast.rng
    stride = max(1, round(SPAN / plan.frames))
    length = (plan.frames - 1) * stride + 1
    motion = move(plan.motion, length, cast.heading, rng)
    kept = np.arange(0, length, stride)
    helpers = stage.helpers(cast.gender, cast.shape, motion.poses)
    trans = stage.travel(helpers, motion.path + cast.place, motion.lift)
    body = stage.body.pose_many(cast.gender, cast.shape, motion.poses[kept])
    t_pose = cast.parameters(T_POSE)
    natural = stacked(stage.body.pose_helpers(t_pose))
    garments = [Garment(stage.tailor.pattern(cut), natural, rng) for cut in cast.outfit.cuts]
    draped = _drape(stage, garments, helpers + trans[:, None], kept)
    frames = [[x - trans[t] for x in layers] for t, layers in zip(kept, draped, strict=True)]
    rest_helpers = stacked(stage.body.rest_helpers(t_pose))
    rests = [g.pattern.stored(g.target(rest_helpers)) for g in garments]
    faces = [split_quads(g.pattern.fine_faces) for g in garments]
    rests, *pushed = [
        stage.layered(layers, faces, stage.skin(vertices))
        for layers, vertices in zip([rests, *frames], [stage.body.rest(t_pose), *body], strict=True)
    ]
    patterns, cut = [g.pattern for g in garments], [g.pattern.stored(g.unstrained) for g in garments]
    return Take(motion.poses[kept], trans[kept], body, patterns, rests, cut, frames, pushed, (0, length))


def _drape(stage: Stage, garments: list[Garment], helpers: np.ndarray, kept: np.ndarray) -> list[list[np.ndarray]]:
    """Simulate all frames; the stored vertices of each garment, in the world, at the frames `kept`."""
    tights = stage.tights
    collider = Collider(helpers[0, :tights], stage.layers["tights"].faces)
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
            collider.move(helpers[time - 1, :tights] * (1 - share) + helpers[time, :tights] * share)
            for drape, old, new in zip(drapes, before, targets, strict=True):
                drape.substep(old * (1 - share) + new * share, collider)
        if time in wanted:
            frames.append(
                [g.pattern.stored(d.vertices.astype(np.float64)) for g, d in zip(garments, drapes, strict=True)]
            )
    return frames
