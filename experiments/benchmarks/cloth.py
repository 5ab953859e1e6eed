"""How plausible cloth is, by class: procedural and simulated, of the same casts.

    OMP_NUM_THREADS=1 python experiments/benchmarks/cloth.py --sequences 36

Per class, over kept frames: how much edges stretch, how many vertices are inside the body before and after they are
pushed out, how many edges pass through the garment itself, how far waist or shoulders have left their place, and the
energy of the cloth after the subject has stood still for a second.
"""

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import numpy as np

from garment_uv.datasets.open.cast import Cast, draw_cast
from garment_uv.datasets.open.cloth.crossings import crossed_share
from garment_uv.datasets.open.cloth.judge import inside_share, strains
from garment_uv.datasets.open.cloth.sheets import CannotSimulate
from garment_uv.datasets.open.cloth.solver import SolverOptions
from garment_uv.datasets.open.collider import Collider
from garment_uv.datasets.open.dressing import START_POSE, Dressed
from garment_uv.datasets.open.moments import LEAD, STAND
from garment_uv.datasets.open.motion import FPS, Motion, make_motion
from garment_uv.datasets.open.outfits import OUTFIT_ORDER
from garment_uv.datasets.open.plan import plan_sequences
from garment_uv.datasets.open.procedural import procedural_take
from garment_uv.datasets.open.scene import dressed_scene, hang
from garment_uv.datasets.open.simulated import simulated_take
from garment_uv.datasets.open.stage import Stage
from garment_uv.datasets.open.take import Take

WAYS = {"procedural": procedural_take, "simulated": simulated_take}
FRAMES = 3
STILL_FRAMES = 31
"""Asked of subjects who stand still: more than a second, either way."""
COLUMNS = (
    "class", "cloth", "frames", "strain p95", "strain p99", "inside before, %", "inside after, %",
    "inside after, worst %", "crossed edges, %", "slip, cm", "energy still, mJ/kg",
)  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """One garment in one frame; shares, metres."""

    strain95: float
    strain99: float
    before: float
    after: float
    crossed: float
    slip: float


def main() -> int:
    """Print and write `experiments/results/cloth.csv`."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from experiments.benchmarks.conditions import conditions, write_csv

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sequences", type=int, default=36, help="casts of three frames; six have each class")
    parser.add_argument("--seed", type=int, default=20, help="of the casts")
    chosen = parser.parse_args()
    stage = Stage()
    rows, notes = [], []
    for way in WAYS:
        found, note = survey(stage, way, chosen.sequences, chosen.seed)
        still = standing(stage, way, chosen.seed)
        rows += [table_row(name, way, items, still[name]) for name, items in sorted(found.items())]
        notes.append(note)
    about = f"{conditions(chosen.seed)}; {'; '.join(notes)}"
    path = write_csv("cloth", about, COLUMNS, sorted(rows))
    print(about, ", ".join(COLUMNS), *(", ".join(row) for row in sorted(rows)), f"wrote {path}", sep="\n")
    return 0


def survey(stage: Stage, way: str, sequences: int, seed: int) -> tuple[dict[str, list[Measured]], str]:
    """What is measured of each class, and a line on time and on what was left out."""
    found: dict[str, list[Measured]] = defaultdict(list)
    spent, reasons = 0.0, []
    for plan in plan_sequences(sequences, FRAMES, seed, {"train": 1}):
        cast, begun = draw_cast(plan), time.process_time()
        try:
            take = WAYS[way](stage, cast)
        except CannotSimulate as error:
            reasons.append(f"{plan.number:05d} ({plan.motion}): {error}")
            continue
        finally:
            spent += time.process_time() - begun
        for name, item in measured(stage, cast, take):
            found[name].append(item)
        print(f"{way} {plan.number + 1} of {sequences}", file=sys.stderr)
    kept = sequences - len(reasons)
    said = f"{way}: {spent / max(kept, 1):.2f} s of processor time a kept sequence before its pictures"
    return found, said + (f", left out {len(reasons)} of {sequences} ({' / '.join(reasons)})" if reasons else "")


def measured(stage: Stage, cast: Cast, take: Take) -> Iterator[tuple[str, Measured]]:
    """Each garment in each kept frame, by class."""
    helpers = stage.helpers(cast.gender, cast.shape, take.poses)
    for time_, (skin, hung, layers) in enumerate(zip(take.body, take.hung, take.frames, strict=True)):
        body = Collider(skin, stage.body.faces)
        for pattern, cut, before, after in zip(take.patterns, take.cut, hung, layers, strict=True):
            dressed = Dressed(pattern, helpers[time_], 0.0)
            place, held = dressed.worn(helpers[time_]), dressed.held()
            strain = strains(cut, after, pattern.fine_faces)
            yield (
                pattern.cut.name,
                Measured(
                    *(float(np.percentile(strain, share)) for share in (95, 99)),
                    inside_share(before, body),
                    inside_share(after, body),
                    crossed_share(after, pattern.fine_faces),
                    float(np.median(np.linalg.norm(after[held] - place[held], axis=1))),
                ),
            )


def standing(stage: Stage, way: str, seed: int) -> dict[str, float]:
    """Kinetic energy by class, J/kg, of cloth on subjects who have stood still for a second."""
    found: dict[str, list[float]] = defaultdict(list)
    for plan in plan_sequences(len(OUTFIT_ORDER), STILL_FRAMES, seed, {"train": 1}):
        one, two, seconds = STANDING[way](stage, draw_cast(plan))
        for cut, before, after in zip(draw_cast(plan).outfit.cuts, one, two, strict=True):
            speed = np.linalg.norm(after - before, axis=1) / seconds
            found[cut.name].append(0.5 * float((speed**2).mean()))
    return {name: float(np.mean(energies)) for name, energies in found.items()}


def _procedural_still(stage: Stage, cast: Cast) -> tuple[list[np.ndarray], list[np.ndarray], float]:
    """All garments at two moments a second after the start, and the seconds between."""
    take = procedural_take(stage, cast, move=_still)
    gap = (take.span[1] - take.span[0] - 1) / (STILL_FRAMES - 1)
    last = round(FPS / gap)
    return take.hung[last], take.hung[last + 1], gap / FPS


def _simulated_still(stage: Stage, cast: Cast) -> tuple[list[np.ndarray], list[np.ndarray], float]:
    """The same of simulated cloth, whose lead-in has no motion to lead to."""
    scene = dressed_scene(stage, cast, _still)
    last = STAND + LEAD + round(FPS)
    moments = replace(scene.moments, kept=np.array([last - 1, last]))
    ((one, two),) = hang(stage, [replace(scene, moments=moments)], SolverOptions())
    return one, two, 1 / FPS


STANDING = {"procedural": _procedural_still, "simulated": _simulated_still}


def _still(kind: str, frames: int, heading: float, rng: np.random.Generator) -> Motion:
    """A motion in which nothing moves, arms half down."""
    motion = make_motion(kind, frames, heading, rng)
    poses = np.tile(START_POSE.astype(np.float64), (frames, 1))
    return replace(motion, poses=poses, path=np.zeros((frames, 2)), lift=np.zeros(frames))


def table_row(name: str, way: str, items: list[Measured], energy: float) -> tuple[str, ...]:
    """Means over frames, and the worst share left inside."""
    strain95, strain99, before, after, crossed, slip = np.mean([astuple(item) for item in items], axis=0)
    worst = max(item.after for item in items)
    figures = [
        f"{strain95:.3f}", f"{strain99:.3f}", f"{100 * before:.2f}", f"{100 * after:.2f}", f"{100 * worst:.2f}",
        f"{100 * crossed:.2f}", f"{100 * slip:.1f}", f"{1000 * energy:.2f}",
    ]  # fmt: skip
    return (name, way, str(len(items)), *figures)


if __name__ == "__main__":
    sys.exit(main())
