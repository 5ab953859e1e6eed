"""Cloth by the solver: judged, tried again more finely, and left out where that does not help. Ours."""

import numpy as np

from garment_uv.datasets.open._mesh import split_quads
from garment_uv.datasets.open.cast import Cast
from garment_uv.datasets.open.cloth.judge import Judgement, Limits, faults, inside_share, judge
from garment_uv.datasets.open.cloth.sheets import CannotSimulate
from garment_uv.datasets.open.cloth.solver import SolverOptions
from garment_uv.datasets.open.collider import Collider
from garment_uv.datasets.open.motion import Move, make_motion
from garment_uv.datasets.open.scene import Scene, dressed_scene, hang
from garment_uv.datasets.open.stage import Stage, stacked
from garment_uv.datasets.open.take import Take

TRIES = (20, 40)
"""Substeps a frame of the first try and of the next."""
LEFT_INSIDE = 0.01
"""Most vertices, by their share, inside the body after they were pushed out."""


def simulated_take(stage: Stage, cast: Cast, limits: Limits | None = None, move: Move = make_motion) -> Take:
    """The sequence of `cast`, its kept frames far apart; the same cast gives the same numbers.

    CannotSimulate, which says why, where even the last of `TRIES` is not within `limits`.
    """
    scene = dressed_scene(stage, cast, move)
    kept = scene.moments.kept
    body = stage.body.pose_many(cast.gender, cast.shape, scene.moments.poses[kept])
    skin = stage.skin(body[0])
    fault = ""
    for substeps in TRIES:
        (frames,) = hang(stage, [scene], SolverOptions(substeps=substeps))
        fault = _fault(scene, frames, body, skin, limits or Limits())
        if not fault:
            take = _take(stage, cast, scene, frames, skin)
            fault = _left_inside(take, skin)
            if not fault:
                return take
    raise CannotSimulate(f"{fault}, with {TRIES[-1]} substeps a frame")


def judged(scene: Scene, frames: list[list[np.ndarray]], body: np.ndarray, skin: Collider) -> list[Judgement]:
    """Each garment in each kept frame; `skin` goes to the root-relative `body` [K, V, 3]."""
    found = []
    for time, layers, vertices in zip(scene.moments.kept, frames, body, strict=False):
        skin.move(vertices + scene.trans[time])
        for sheet, garment, points in zip(scene.sheets, scene.garments, layers, strict=True):
            found.append(judge(sheet, points, skin, garment.held(), garment.worn(scene.helpers[time])))
    return found


def _fault(scene: Scene, frames: list[list[np.ndarray]], body: np.ndarray, skin: Collider, limits: Limits) -> str:
    """What is wrong with simulated frames; empty where nothing is."""
    if len(frames) < len(scene.moments.kept):
        return f"{' and '.join(sheet.name for sheet in scene.sheets)}: not finite"
    return faults(judged(scene, frames, body, skin), limits)


def _take(stage: Stage, cast: Cast, scene: Scene, simulated: list[list[np.ndarray]], skin: Collider) -> Take:
    """What the files hold."""
    subject, kept = cast.parameters(scene.moments.poses[0]), scene.moments.kept
    body = stage.body.pose_many(cast.gender, cast.shape, scene.moments.poses[kept])
    patterns = [garment.pattern for garment in scene.garments]
    faces = [split_quads(pattern.fine_faces) for pattern in patterns]
    rest_helpers = stacked(stage.body.rest_helpers(subject))
    rests = [g.pattern.stored(g.shape(rest_helpers)) for g in scene.garments]
    hung = [
        [p.stored(x - scene.trans[time]) for p, x in zip(patterns, layers, strict=True)]
        for time, layers in zip(kept, simulated, strict=True)
    ]
    pushed = []
    for layers, vertices in zip([rests, *hung], [stage.body.rest(subject), *body], strict=True):
        skin.move(vertices)
        pushed.append(stage.layered(layers, faces, skin))
    rests, *frames = pushed
    first = scene.moments.first
    span = (first, first + int(kept[-1] - kept[0]) + 1)
    cut = [p.stored(sheet.rest) for p, sheet in zip(patterns, scene.sheets, strict=True)]
    return Take(scene.moments.poses[kept], scene.trans[kept], body, patterns, rests, cut, hung, frames, span)


def _left_inside(take: Take, skin: Collider) -> str:
    """Which garment is still inside the body; empty where none is."""
    for vertices, layers in zip(take.body, take.frames, strict=True):
        skin.move(vertices)
        for pattern, points in zip(take.patterns, layers, strict=True):
            share = inside_share(points, skin)
            if share > LEFT_INSIDE:
                return f"{pattern.cut.name}: {share:.3f} of the vertices are inside the body after they were pushed out"
    return ""
