"""Turning animations of each class, procedural beside simulated, of the same subject in the same motion.

    OMP_NUM_THREADS=1 python experiments/benchmarks/turning.py --out /tmp/turning --class Skirt --number 2

Writes for each class `<class>-<number>.webp`, in which the camera goes once around the subject while it moves, and a
`.png` of eight of its frames. The animations are to be looked at, not kept: they do not belong into the repository.
"""

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from garment_uv.datasets.open._mesh import split_quads
from garment_uv.datasets.open.cast import draw_cast
from garment_uv.datasets.open.cloth.judge import Limits
from garment_uv.datasets.open.moments import motion_length
from garment_uv.datasets.open.motion import FPS, MOTIONS, Motion, make_motion
from garment_uv.datasets.open.outfits import OUTFIT_ORDER
from garment_uv.datasets.open.plan import SequencePlan
from garment_uv.datasets.open.procedural import procedural_take
from garment_uv.datasets.open.renderer import RenderMesh, render
from garment_uv.datasets.open.simulated import simulated_take
from garment_uv.datasets.open.stage import Stage
from garment_uv.datasets.open.take import Take
from garment_uv.geometry.camera import Camera

CLASSES = tuple(dict.fromkeys(name for outfit in OUTFIT_ORDER for name in outfit))
SIZE = (300, 480)
"""Pixels of each of the two pictures, width and height."""
SKIN = (0.80, 0.62, 0.52)
CLOTH = ((0.32, 0.45, 0.66), (0.75, 0.72, 0.62))
"""Colours of the lower and the upper garment; plain, so that folds are seen."""
LENIENT = Limits(strain=1e9, inside=1.0, crossed=1.0, slip=1e9)
"""What a set would leave out is shown too."""


@dataclass(frozen=True)
class Sameness:
    """Gives both ways of moving cloth one motion, drawn once."""

    motion: Motion
    first: int

    def __call__(self, kind: str, frames: int, heading: float, rng: np.random.Generator) -> Motion:
        """The frames from `first` on; the last is held where there are not so many."""
        index = np.minimum(self.first + np.arange(frames), len(self.motion.poses) - 1)
        motion = self.motion
        return replace(motion, poses=motion.poses[index], path=motion.path[index], lift=motion.lift[index])


def main() -> int:
    """Write the animations."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder")
    parser.add_argument("--class", dest="classes", action="append", choices=CLASSES, help="again for more; all")
    parser.add_argument("--number", type=int, default=0, help="of the cast; the motion goes with it")
    parser.add_argument("--motion", choices=list(MOTIONS), help="another motion")
    parser.add_argument("--frames", type=int, default=30, help="pictures")
    parser.add_argument("--seed", type=int, default=20, help="of the casts")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    stage = Stage()
    for name in chosen.classes or CLASSES:
        garments = next(outfit for outfit in OUTFIT_ORDER if name in outfit)
        motion = chosen.motion or list(MOTIONS)[chosen.number % len(MOTIONS)]
        plan = SequencePlan("train", chosen.number, chosen.seed, garments, motion, chosen.frames)
        shown_takes = takes(stage, plan)
        pictures = beside(*shown_takes, stage.body.faces)
        seconds = (shown_takes[1].span[1] - shown_takes[1].span[0]) / FPS
        path = chosen.out / f"{name}-{chosen.number}.webp"
        first, *others = [Image.fromarray(picture) for picture in pictures]
        pause = round(1000 * seconds / len(pictures))
        first.save(path, save_all=True, append_images=others, duration=pause, loop=0, quality=80)
        shown = np.linspace(0, len(pictures) - 1, 8).round().astype(int)
        rows = [np.concatenate([pictures[k] for k in part], axis=1) for part in (shown[:4], shown[4:])]
        Image.fromarray(np.concatenate(rows)).save(path.with_suffix(".png"))
        print(f"{path}: {', '.join(garments)}, {motion}")
    return 0


def takes(stage: Stage, plan: SequencePlan) -> tuple[Take, Take]:
    """Procedural and simulated, of as many frames as the plan has."""
    cast = draw_cast(plan)
    length, rng = motion_length(plan.frames), np.random.default_rng([plan.seed, plan.number])
    motion = make_motion(plan.motion, length, cast.heading, rng)
    simulated = simulated_take(stage, cast, LENIENT, Sameness(motion, 0))
    return procedural_take(stage, draw_cast(plan), Sameness(motion, simulated.span[0])), simulated


def beside(procedural: Take, simulated: Take, skin: np.ndarray) -> list[np.ndarray]:
    """Pictures uint8 [H, 2W, 3], the camera going once around."""
    count = min(len(procedural.frames), len(simulated.frames))
    angles = np.linspace(0.0, 2 * np.pi, count, endpoint=False)
    return [
        np.concatenate([picture(take, time, angle, skin) for take in (procedural, simulated)], axis=1)
        for time, angle in enumerate(angles)
    ]


def picture(take: Take, time: int, angle: float, skin: np.ndarray) -> np.ndarray:
    """A frame from `angle` around the subject, which stays in the middle: uint8 [H, W, 3]."""
    turn = np.array([[np.cos(angle), -np.sin(angle), 0.0], [np.sin(angle), np.cos(angle), 0.0], [0.0, 0.0, 1.0]])
    meshes = [RenderMesh(take.body[time] @ turn, skin, SKIN, gloss=0.03)]
    for index, (pattern, points) in enumerate(zip(take.patterns, take.frames[time], strict=True)):
        colour = CLOTH[index] if len(take.patterns) > 1 else CLOTH[0]
        meshes.append(RenderMesh(points @ turn, split_quads(pattern.fine_faces), colour, bias=0.0006 * (1 + index)))
    camera = Camera.look_at(np.array([3.4, 0.0, 0.15]), np.array([0.0, 0.0, -0.1]), *SIZE, field_of_view=36.0)
    return render(meshes, camera, background=(0.93, 0.93, 0.94))[..., :3]


if __name__ == "__main__":
    sys.exit(main())
