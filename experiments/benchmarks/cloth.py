"""How plausible cloth is, by class: procedural and simulated, of the same casts.

    OMP_NUM_THREADS=1 python experiments/benchmarks/cloth.py --sequences 48 --work .garment/cloth.jsonl

Per class, over kept frames: how much edges stretch, how many vertices are inside the body before and after they are
pushed out, how many edges pass through the garment itself, how far waist or shoulders have left their place, and the
energy of the cloth when the subject moved, stopped, and has stood still for a second. A run that was ended is gone on
with by the same command, from what is in the file of `--work`.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from garment_uv.datasets.open.cast import Cast, draw_cast
from garment_uv.datasets.open.cloth.crossings import crossed_share
from garment_uv.datasets.open.cloth.judge import inside_share, strains
from garment_uv.datasets.open.cloth.sheets import CannotSimulate
from garment_uv.datasets.open.cloth.solver import SolverOptions
from garment_uv.datasets.open.collider import Collider
from garment_uv.datasets.open.dressing import Dressed
from garment_uv.datasets.open.moments import LEAD, STAND
from garment_uv.datasets.open.motion import FPS, Motion, make_motion
from garment_uv.datasets.open.outfits import OUTFIT_ORDER
from garment_uv.datasets.open.plan import SequencePlan, plan_sequences
from garment_uv.datasets.open.procedural import procedural_take
from garment_uv.datasets.open.scene import dressed_scene, hang
from garment_uv.datasets.open.simulated import simulated_take
from garment_uv.datasets.open.stage import Stage
from garment_uv.datasets.open.take import Take

WAYS = {"procedural": procedural_take, "simulated": simulated_take}
FRAMES = 3
STILL_FRAMES = 31
"""Asked of procedural subjects who stop: a picture in every second frame, of which the last 30 are a second."""
COLUMNS = (
    "class", "cloth", "frames", "strain p95", "strain p99", "inside before, %", "inside after, %",
    "inside after, worst %", "crossed edges, %", "slip, cm", "energy a second after a stop, mJ/kg",
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
    parser.add_argument("--sequences", type=int, default=48, help="casts of three frames; six have each class")
    parser.add_argument("--seed", type=int, default=20, help="of the casts")
    parser.add_argument("--work", type=Path, help="file of what was measured so far, to go on from")
    chosen = parser.parse_args()
    stage, work = Stage(), Work(chosen.work)
    rows, notes = [], []
    for way in WAYS:
        found, note = survey(stage, work, way, chosen.sequences, chosen.seed)
        still = stopped(stage, work, way, chosen.seed)
        rows += [table_row(name, way, items, still[name]) for name, items in sorted(found.items())]
        notes.append(note)
    about = f"{conditions(chosen.seed)}; {'; '.join(notes)}"
    path = write_csv("cloth", about, COLUMNS, sorted(rows))
    print(about, ", ".join(COLUMNS), *(", ".join(row) for row in sorted(rows)), f"wrote {path}", sep="\n")
    return 0


class Work:
    """What was measured so far, a line of JSON each, in a file or nowhere."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        lines = path.read_text().splitlines() if path and path.exists() else []
        self._done = dict(json.loads(line) for line in lines)

    def done(self, key: str, make: Callable[[], Any]) -> Any:
        """What is noted under `key`, or made and noted now."""
        if key not in self._done:
            self._done[key] = make()
            if self._path:
                with open(self._path, "a") as file:
                    file.write(json.dumps([key, self._done[key]]) + "\n")
            print(key, file=sys.stderr)
        return self._done[key]


def survey(stage: Stage, work: Work, way: str, sequences: int, seed: int) -> tuple[dict[str, list[Measured]], str]:
    """What is measured of each class, and a line on time and on what was left out."""
    found: dict[str, list[Measured]] = defaultdict(list)
    spent, reasons = 0.0, []
    for plan in plan_sequences(sequences, FRAMES, seed, {"train": 1}):
        seconds, reason, items = work.done(f"{way} {seed} {plan.number}", lambda p=plan: one(stage, way, p))
        spent += seconds
        if reason:
            reasons.append(f"{plan.number:05d} ({plan.motion}): {reason}")
        for name, values in items:
            found[name].append(Measured(*values))
    kept = sequences - len(reasons)
    said = f"{way}: {spent / max(kept, 1):.2f} s of processor time a kept sequence before its pictures"
    return found, said + (f", left out {len(reasons)} of {sequences} ({' / '.join(reasons)})" if reasons else "")


def one(stage: Stage, way: str, plan: SequencePlan) -> tuple[float, str, list[tuple[str, tuple[float, ...]]]]:
    """Seconds of processor time, why it was left out if it was, and what is measured of each garment and frame."""
    cast, begun = draw_cast(plan), time.process_time()
    try:
        take = WAYS[way](stage, cast)
    except CannotSimulate as error:
        return time.process_time() - begun, str(error), []
    seconds = time.process_time() - begun
    return seconds, "", [(name, astuple(item)) for name, item in measured(stage, cast, take)]


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


def stopped(stage: Stage, work: Work, way: str, seed: int) -> dict[str, float]:
    """Kinetic energy by class, J/kg, of cloth on subjects who stopped in their motion a second ago."""
    found: dict[str, list[float]] = defaultdict(list)
    for plan in plan_sequences(len(OUTFIT_ORDER), STILL_FRAMES, seed, {"train": 1}):
        make = STOPPED[way]
        energies = work.done(f"{way} {seed} stopped {plan.number}", lambda p=plan, make=make: make(stage, draw_cast(p)))
        for name, energy in energies:
            found[name].append(energy)
    return {name: float(np.mean(energies)) for name, energies in found.items()}


def _energies(cast: Cast, one: list[np.ndarray], two: list[np.ndarray], seconds: float) -> list[tuple[str, float]]:
    """J/kg of each garment between two moments."""
    speeds = [np.linalg.norm(after - before, axis=1) / seconds for before, after in zip(one, two, strict=True)]
    return [(cut.name, 0.5 * float((v**2).mean())) for cut, v in zip(cast.outfit.cuts, speeds, strict=True)]


def _procedural_stopped(stage: Stage, cast: Cast) -> list[tuple[str, float]]:
    take = procedural_take(stage, cast, move=_stopping)
    seconds = (take.span[1] - take.span[0] - 1) / (STILL_FRAMES - 1) / FPS
    moved = [[x + place for x in layers] for place, layers in zip(take.trans[-2:], take.hung[-2:], strict=True)]
    return _energies(cast, *moved, seconds)


def _simulated_stopped(stage: Stage, cast: Cast) -> list[tuple[str, float]]:
    """Stops where the first half of what would be kept is over."""
    scene = dressed_scene(stage, cast)
    last = LAST_MOVED + round(FPS)
    index = np.minimum(np.arange(last + 1), LAST_MOVED)
    m = scene.moments
    moments = replace(
        m, poses=m.poses[index], path=m.path[index], lift=m.lift[index], lead=m.lead[index],
        kept=np.array([last - 1, last]),
    )  # fmt: skip
    held = replace(scene, moments=moments, helpers=scene.helpers[index], trans=scene.trans[index])
    ((one, two),) = hang(stage, [held], SolverOptions())
    return _energies(cast, one, two, 1 / FPS)


STOPPED = {"procedural": _procedural_stopped, "simulated": _simulated_stopped}
LAST_MOVED = STAND + LEAD + 30
"""Frame of a simulated scene in which its subject stops."""


def _stopping(kind: str, frames: int, heading: float, rng: np.random.Generator) -> Motion:
    """A motion that stops a second before its end."""
    motion = make_motion(kind, frames, heading, rng)
    index = np.minimum(np.arange(frames), frames - 1 - round(FPS))
    return replace(motion, poses=motion.poses[index], path=motion.path[index], lift=motion.lift[index])


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
