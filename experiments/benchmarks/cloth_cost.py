"""What a sequence of simulated cloth costs: processor time from its plan to its files, of one process alone.

    OMP_NUM_THREADS=1 python experiments/benchmarks/cloth_cost.py --sequences 24

Counts what the kernel charges to this process, its threads included (`getrusage`), from the second sequence on, for
the first one loads what all share. Reported is all that was spent, on what was left out too, by each that was kept.
"""

import argparse
import resource
import sys
import tempfile
from pathlib import Path

from garment_uv.datasets.cloth3d.writer import write_sequence
from garment_uv.datasets.open.cloth.sheets import CannotSimulate
from garment_uv.datasets.open.perform import perform
from garment_uv.datasets.open.plan import SequencePlan, plan_sequences
from garment_uv.datasets.open.stage import Stage

FRAMES = 3
COLUMNS = ("sequence", "garments", "motion", "left out for", "simulation s", "pictures and files s")


def main() -> int:
    """Print and write `experiments/results/cloth_cost.csv`."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from experiments.benchmarks.conditions import conditions, write_csv

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sequences", type=int, default=24, help="of three frames; six have each class")
    parser.add_argument("--seed", type=int, default=20, help="of the casts")
    parser.add_argument("--variety", default="basic", choices=["basic", "full"])
    parser.add_argument("--cloth", default="simulated", choices=["procedural", "simulated"])
    chosen = parser.parse_args()
    stage = Stage()
    plans = plan_sequences(chosen.sequences, FRAMES, chosen.seed, {"train": 1}, chosen.variety)
    rows, spent = [], []
    with tempfile.TemporaryDirectory() as folder:
        cost(stage, plans[0], chosen.cloth, Path(folder) / "99999")
        for plan in plans:
            reason, simulation, files = cost(stage, plan, chosen.cloth, Path(folder) / f"{plan.number:05d}")
            spent.append((simulation, files))
            rows.append(
                (plan.number, "+".join(plan.garments), plan.motion, reason, f"{simulation:.2f}", f"{files:.2f}")
            )
            print(*rows[-1], sep=", ", file=sys.stderr)
    kept = sum(not row[3] for row in rows)
    parts = [sum(part) / max(kept, 1) for part in zip(*spent, strict=True)]
    about = (
        f"{conditions(chosen.seed)}; {sum(parts):.2f} s of processor time a kept sequence, {parts[0]:.2f} of it before"
        f" pictures and files; {kept} of {len(rows)} kept"
    )
    print(about, f"wrote {write_csv('cloth_cost', about, COLUMNS, rows)}", sep="\n")
    return 0


def cost(stage: Stage, plan: SequencePlan, cloth: str, folder: Path) -> tuple[str, float, float]:
    """Why the sequence was left out, if it was; and seconds for its simulation and for its pictures and files."""
    begun = _spent()
    try:
        done = perform(stage, plan, cloth)
    except CannotSimulate as error:
        return str(error), _spent() - begun, 0.0
    simulated = _spent()
    write_sequence(folder, done.info, done.garments, done.pictures(), True, done.textures)
    return "", simulated - begun, _spent() - simulated


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
