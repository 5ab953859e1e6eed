"""How much longer a sweep takes than bare Ray Tune on the same trials, at 8, 100 and 1,000 trials.

    python experiments/benchmarks/overhead.py [--trials 8,100,1000] [--repeats 3,3,1] [--untracked]

The trials read a table and sleep: 4 epochs of 0.5 s, a checkpoint after each, 8 at a time, random search, no
scheduler, actors used again, checkpoints in a folder. 'bare' is the minimal script in `overhead_run.py`; 'ours' is
`run_sweep` without tracking, 'tracked' the same with every epoch logged to a real MLflow server. Each run is a
process of its own with its own Ray and with Python's cache of compiled modules; the kinds take turns, so that a busy
moment of the machine meets all of them. Timed is the whole process, imports, Ray's start and its end included. Exits 1
where ours takes over 1.05 times as long.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from experiments.benchmarks.conditions import conditions, write_csv
from tests.servers.mlflow import mlflow_server

GOAL = 1.05
NOT_PASSED_ON = ("RAY_ADDRESS", "GARMENT_STORAGE", "PYTHONDONTWRITEBYTECODE")
"""The last would have every process compile this project's modules anew, while Ray's were compiled by pip."""
PAUSE_S = 3.0
"""After each run, in which the last of its Ray's processes end."""
RUN = Path(__file__).with_name("overhead_run.py")
MEASURED = ("whole_s", "memory_mib", "processor_s")


def main() -> int:
    """Runs, writes `experiments/results/overhead.csv`, prints ratios."""
    options = _options()
    kinds = ("bare", "ours") if options.untracked else ("bare", "ours", "tracked")
    rows: list[tuple[object, ...]] = []
    sizes = [int(size) for size in options.trials.split(",")]
    with ExitStack() as stack:
        environment = {k: v for k, v in os.environ.items() if k not in NOT_PASSED_ON}
        if not options.untracked:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="garment-mlflow-")))
            environment["MLFLOW_TRACKING_URI"] = stack.enter_context(mlflow_server(folder))
        for trials, repeats in zip(sizes, map(int, options.repeats.split(",")), strict=True):
            for repeat, kind in itertools.product(range(repeats), kinds):
                said = run(kind, trials, options, environment)
                time.sleep(PAUSE_S)
                rows.append((trials, kind, repeat, *(round(said[name], 2) for name in MEASURED)))
                print("  ".join(str(value) for value in rows[-1]), flush=True)
    about = f"{options.epochs} epochs of {options.seconds:g} s, {options.places} at a time; {conditions(0)}"
    path = write_csv(options.name, about, ("trials", "kind", "repeat", *MEASURED), rows)
    print(about)
    good = True
    for trials in sizes:
        for kind in kinds[1:]:
            ratio = middle(rows, trials, kind, "whole_s") / middle(rows, trials, "bare", "whole_s")
            good &= kind != "ours" or ratio <= GOAL
            figures = ", ".join(
                f"{name} {middle(rows, trials, kind, name):.0f} against {middle(rows, trials, 'bare', name):.0f}"
                for name in ("whole_s", "memory_mib", "processor_s")
            )
            print(f"{trials:5} trials, {kind:8}: {ratio:.3f} of bare's time; {figures}")
    print(f"{'reached' if good else 'NOT REACHED'}: at most {GOAL} of bare Ray Tune's time; written: {path}")
    return 0 if good else 1


def run(kind: str, trials: int, options: argparse.Namespace, environment: dict[str, str]) -> dict[str, float]:
    """What one process says of its sweep."""
    command = [sys.executable, str(RUN), kind, "--trials", str(trials), "--epochs", str(options.epochs)]
    command += ["--seconds", str(options.seconds), "--places", str(options.places)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{kind} with {trials} trials failed: {done.stderr[-3000:]}")
    said = json.loads(done.stdout.splitlines()[-1])
    if said["ended"] != trials:
        raise RuntimeError(f"{kind}: {said['ended']} of {trials} trials ended well: {done.stderr[-3000:]}")
    return said


def middle(rows: list[tuple[object, ...]], trials: int, kind: str, name: str) -> float:
    """The median over repeats."""
    return median(row[3 + MEASURED.index(name)] for row in rows if row[:2] == (trials, kind))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", default="8,100,1000")
    parser.add_argument("--repeats", default="3,3,1", help="of each kind, by number of trials; the median counts")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=0.5, help="of an epoch")
    parser.add_argument(
        "--places", type=int, default=8, help="trials at a time; they sleep, so more than cores will do"
    )
    parser.add_argument("--untracked", action="store_true", help="leave the runs with MLflow out")
    parser.add_argument("--name", default="overhead", help="of the result's file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
