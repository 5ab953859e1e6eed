"""Cloth by the solver: judged, tried again more finely, and left out where that does not help. Ours."""

from collections.abc import Sequence

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
    (take,) = simulated_takes(stage, [cast], limits, move)
    if isinstance(take, CannotSimulate):
        raise take
    return take


def simulated_takes(
    stage: Stage, casts: Sequence[Cast], limits: Limits | None = None, move: Move = make_motion, device: str = "cpu"
) -> list[Take | CannotSimulate]:
    """`simulated_take` of several, simulated together: for each its take, or why there is none."""
    done: dict[int, Take | CannotSimulate] = {}
    scenes: dict[int, Scene] = {}
    for index, cast in enumerate(casts):
        try:
            scenes[index] = dressed_scene(stage, cast, move)
            scenes[index].sheets  # noqa: B018  made here, where what is wrong with them is known to be this cast's
        except CannotSimulate as error:
            scenes.pop(index, None)
            done[index] = error
    for substeps in TRIES:
        open_ = [index for index in scenes if not isinstance(done.get(index), Take)]
        if not open_:
            break
        hung = hang(stage, [scenes[index] for index in open_], SolverOptions(substeps=substeps, device=device))
        for index, frames in zip(open_, hung, strict=True):
            found = _kept(stage, casts[index], scenes[index], frames, limits or Limits())
            done[index] = (
                CannotSimulate(f"{found}, with {substeps} substeps a frame") if isinstance(found, str) else found
            )
    return [done[index] for index in range(len(casts))]


def _kept(stage: Stage, cast: Cast, scene: Scene, frames: list[list[np.ndarray]], limits: Limits) -> Take | str:
    """What simulated frames make, or what is wrong with them."""
    body = stage.body.pose_many(cast.gender, cast.shape, scene.moments.poses[scene.moments.kept])
    skin = stage.skin(body[0])
    fault = _fault(scene, frames, body, skin, limits)
    if fault:
        return fault
    take = _take(stage, cast, scene, frames, body, skin)
    return _left_inside(take, skin) or take


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


def _take(
    stage: Stage, cast: Cast, scene: Scene, simulated: list[list[np.ndarray]], body: np.ndarray, skin: Collider
) -> Take:
    """What the files hold; `body` [K, V, 3] in the kept frames."""
    subject, kept = cast.parameters(scene.moments.poses[0]), scene.moments.kept
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
