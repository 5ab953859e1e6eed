"""A dressed subject on the way through a motion; and scenes put through the solver, one or several at once. Ours."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from garment_uv.datasets.open.cast import Cast
from garment_uv.datasets.open.cloth.sheets import Sheet
from garment_uv.datasets.open.cloth.solver import Solver, SolverOptions
from garment_uv.datasets.open.cloth.surface import Surface
from garment_uv.datasets.open.dressing import Dressed, dress
from garment_uv.datasets.open.moments import Moments, choose_moments, motion_length
from garment_uv.datasets.open.motion import FPS, Move, make_motion
from garment_uv.datasets.open.stage import Stage

SETTLE = 10.0
"""Share of its velocity past the wearer's that cloth loses in a second before the motion begins, 1/s."""


@dataclass(frozen=True)
class Scene:
    """What is simulated."""

    moments: Moments
    helpers: np.ndarray
    """float64 [T, H, 3] in the world; the tights' come first."""
    trans: np.ndarray
    """float64 [T, 3]."""
    garments: list[Dressed]
    """Lower before upper."""

    @cached_property
    def sheets(self) -> list[Sheet]:
        """One a garment; the second is worn over the first."""
        return [garment.sheet(over=index - 1 if index else None) for index, garment in enumerate(self.garments)]

    @cached_property
    def start(self) -> np.ndarray:
        """All sheets where they begin on the subject, float64 [N, 3] in the world."""
        places = [garment.start(sheet.rest) for garment, sheet in zip(self.garments, self.sheets, strict=True)]
        return np.concatenate(places) + self.trans[0]

    def goal(self, time: int) -> np.ndarray:
        """Where what hangs the garments is to be at a frame, float64 [N, 3] in the world; the rest is anywhere."""
        places = []
        for garment, sheet in zip(self.garments, self.sheets, strict=True):
            place = sheet.rest.copy()
            place[sheet.leashed] = garment.carried(self.helpers[time])
            places.append(place)
        return np.concatenate(places)

    def settling(self, time: int) -> tuple[np.ndarray, float]:
        """Velocity that the cloth comes to on the way to a frame, float64 [3], and how fast, 1/s."""
        return (self.trans[time] - self.trans[time - 1]) * FPS, SETTLE * (1.0 - float(self.moments.lead[time]))


def dressed_scene(stage: Stage, cast: Cast, move: Move = make_motion) -> Scene:
    """Draw the motion of `cast`, choose its moments, dress the subject; CannotSimulate where a cut cannot be sewn."""
    plan = cast.plan
    motion = move(plan.motion, motion_length(plan.frames), cast.heading, cast.rng)
    moments = choose_moments(motion, plan.frames)
    helpers = stage.helpers(cast.gender, cast.shape, moments.poses)
    trans = stage.travel(helpers, moments.path + cast.place, moments.lift)
    garments = [dress(stage.tailor.pattern(cut), helpers[0], cast.rng) for cut in cast.outfit.cuts]
    return Scene(moments, helpers + trans[:, None], trans, garments)


def hang(stage: Stage, scenes: Sequence[Scene], options: SolverOptions) -> list[list[list[np.ndarray]]]:
    """Simulate scenes together: by scene, kept frame and sheet float64 [N, 3] in the world.

    A scene moves as it would alone: on a CPU to the bit. It is cut off where its cloth is not finite any more: it
    then has fewer frames than were to be kept.
    """
    sheets, owners = _together(scenes)
    faces, tights = stage.layers["tights"].faces, stage.tights

    def bodies(time: int) -> np.ndarray:
        return np.concatenate([s.helpers[min(time, len(s.helpers) - 1), :tights] for s in scenes])

    def goals(time: int) -> np.ndarray:
        return np.concatenate([s.goal(min(time, len(s.helpers) - 1)) for s in scenes])

    body = Surface([(s.helpers[0, :tights], faces) for s in scenes], options.device)
    solver = Solver(sheets, np.concatenate([s.start for s in scenes]), body, options)
    ends = np.cumsum([len(sheet.rest) for sheet in sheets])[:-1]
    frames: list[list[list[np.ndarray]]] = [[] for _ in scenes]
    for time in range(1, max(len(s.helpers) for s in scenes)):
        along, rates = zip(*(s.settling(min(time, len(s.helpers) - 1)) for s in scenes), strict=True)
        solver.settle(np.array(along), np.array(rates))
        solver.frame(bodies(time), goals(time))
        if not any(time in s.moments.kept for s in scenes):
            continue
        parts = np.split(solver.vertices.astype(np.float64), ends)
        for index, (own, scene) in enumerate(zip(frames, scenes, strict=True)):
            mine = [part for part, owner in zip(parts, owners, strict=True) if owner == index]
            if time in scene.moments.kept and all(np.isfinite(part).all() for part in mine):
                own.append(mine)
    return frames


def _together(scenes: Sequence[Scene]) -> tuple[list[Sheet], list[int]]:
    """The sheets of all scenes as one list, and whose each is."""
    sheets: list[Sheet] = []
    for subject, scene in enumerate(scenes):
        first = len(sheets)
        for sheet in scene.sheets:
            over = None if sheet.over is None else sheet.over + first
            sheets.append(replace(sheet, over=over, subject=subject))
    return sheets, [sheet.subject for sheet in sheets]
