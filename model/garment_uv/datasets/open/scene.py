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
from garment_uv.datasets.open.motion import Move, make_motion
from garment_uv.datasets.open.stage import Stage

APART = np.array([4.0, 0.0, 0.0])
"""From subject to subject of one solver, metres: none meets another."""


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
        """All sheets at rest on the subject, float64 [N, 3] in the world."""
        return np.concatenate([sheet.rest for sheet in self.sheets]) + self.trans[0]

    def goal(self, time: int) -> np.ndarray:
        """Where fixed vertices are to be at a frame, float64 [N, 3] in the world; the others are anywhere."""
        return np.concatenate(
            [
                garment.carried(self.helpers[time]) if sheet.fixed.any() else sheet.rest
                for garment, sheet in zip(self.garments, self.sheets, strict=True)
            ]
        )


def dressed_scene(stage: Stage, cast: Cast, move: Move = make_motion) -> Scene:
    """Draw the motion of `cast`, choose its moments and dress the subject."""
    plan = cast.plan
    motion = move(plan.motion, motion_length(plan.frames), cast.heading, cast.rng)
    moments = choose_moments(motion, plan.frames)
    helpers = stage.helpers(cast.gender, cast.shape, moments.poses)
    trans = stage.travel(helpers, moments.path, moments.lift)
    garments = [dress(stage.tailor.pattern(cut), helpers[0], cast.rng) for cut in cast.outfit.cuts]
    return Scene(moments, helpers + trans[:, None], trans, garments)


def hang(stage: Stage, scenes: Sequence[Scene], options: SolverOptions) -> list[list[list[np.ndarray]]]:
    """Simulate scenes of equally many frames: by scene, kept frame and sheet float64 [N, 3] in the world.

    A scene is cut off where its cloth is not finite any more: it then has fewer frames than were to be kept.
    """
    shifts = [APART * index for index in range(len(scenes))]
    sheets, owners = _together(scenes)
    faces, tights = stage.layers["tights"].faces, stage.tights

    def bodies(time: int) -> np.ndarray:
        return np.concatenate([s.helpers[time, :tights] + shift for s, shift in zip(scenes, shifts, strict=True)])

    def goals(time: int) -> np.ndarray:
        return np.concatenate([s.goal(time) + shift for s, shift in zip(scenes, shifts, strict=True)])

    body = Surface(bodies(0), np.concatenate([faces + tights * k for k in range(len(scenes))]), options.device)
    start = np.concatenate([s.start + shift for s, shift in zip(scenes, shifts, strict=True)])
    solver = Solver(sheets, start, body, options)
    ends = np.cumsum([len(sheet.rest) for sheet in sheets])[:-1]
    frames: list[list[list[np.ndarray]]] = [[] for _ in scenes]
    for time in range(1, len(scenes[0].helpers)):
        solver.frame(bodies(time), goals(time))
        if time in scenes[0].moments.kept:
            parts = np.split(solver.vertices.astype(np.float64), ends)
            for index, (own, shift) in enumerate(zip(frames, shifts, strict=True)):
                mine = [part - shift for part, owner in zip(parts, owners, strict=True) if owner == index]
                if all(np.isfinite(part).all() for part in mine):
                    own.append(mine)
    return frames


def _together(scenes: Sequence[Scene]) -> tuple[list[Sheet], list[int]]:
    """The sheets of all scenes as one list, and whose each is."""
    sheets: list[Sheet] = []
    owners: list[int] = []
    for subject, scene in enumerate(scenes):
        first = len(sheets)
        for sheet in scene.sheets:
            over = None if sheet.over is None else sheet.over + first
            sheets.append(replace(sheet, over=over, subject=subject))
            owners.append(subject)
    return sheets, owners
