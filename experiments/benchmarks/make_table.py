"""Trains every config of `experiments/small_table.py` to its last epoch and keeps the curves as one parquet file.

    OMP_NUM_THREADS=1 python experiments/benchmarks/make_table.py --data .garment/dataset32 [--processes 2]

Each finished config is appended to `--parts`; what stands there is not trained again, so that the same command goes
on after anything ended it. The table has one row per config and epoch: the config's values, `epoch`,
`s2s_mm` (NaN where the epoch proved the config infeasible), `seconds` of processor time, `infeasible` and `reason`.
"""

import argparse
import datetime
import itertools
import json
import multiprocessing
import os
import platform
import random
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from garment_sweeps.experiment.load import load_experiment
from garment_sweeps.storage import open_source
from garment_uv.errors import Infeasible, UserError
from garment_uv.training.trial import TrialConfig

RESULTS = Path(__file__).resolve().parents[1] / "results"
TABLE = "small_table"
ORDER_SEED = 0
"""The order of training is drawn, so that an unfinished table is a fair sample of the whole."""


def grid(experiment) -> list[dict[str, Any]]:
    """Path to value of every config of a space without conditions."""
    axes = [
        [(p.path, value) for value in (p.grid() if p.kind == "float" else p.options)]
        for p in experiment.space.parameters
    ]
    return [dict(combination) for combination in itertools.product(*axes)]


def train(values: dict[str, Any], base: TrialConfig) -> list[dict[str, Any]]:
    """One row per epoch, the last one without a value where it proved the config infeasible."""
    from garment_uv.training.trainer import Trainer

    trainer = Trainer(base.with_values(values), open_source(base.data.uri))
    rows: list[dict[str, Any]] = []
    try:
        for epoch in range(1, base.training.epochs + 1):
            wall, processor = time.monotonic(), time.process_time()
            value, reason = None, ""
            try:
                value = trainer.train_epoch().s2s.all.mean_mm
            except Infeasible as error:
                reason = str(error)
            rows.append(
                {
                    **values,
                    "epoch": epoch,
                    "s2s_mm": value,
                    "seconds": round(time.process_time() - processor, 4),
                    "wall_seconds": round(time.monotonic() - wall, 4),
                    "infeasible": value is None,
                    "reason": reason,
                }
            )
            if value is None:
                break
    finally:
        trainer.close()
    return rows


def read_finished(parts: Path) -> list[list[dict[str, Any]]]:
    """Curves already trained; a line that a crash cut short is left out."""
    curves = []
    for line in parts.read_text().splitlines() if parts.exists() else []:
        try:
            curves.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return curves


def values_of(curve: list[dict[str, Any]]) -> dict[str, Any]:
    """Path to value of the config whose curve it is."""
    return {name: value for name, value in curve[0].items() if "." in name}


def finished(configs: list[dict[str, Any]], parts: Path) -> list[list[dict[str, Any]]]:
    """Curves of `configs` that are trained already."""
    return [curve for curve in read_finished(parts) if values_of(curve) in configs]


def train_missing(todo: list[dict[str, Any]], base: TrialConfig, processes: int) -> Iterator[list[dict[str, Any]]]:
    """Curves of `todo`, as they are finished, by so many processes of one thread each."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, initializer=_warm_up, initargs=(base,)) as pool:
        yield from pool.imap_unordered(partial(train, base=base), todo)


def write_table(curves: list[list[dict[str, Any]]], about: dict[str, Any], folder: Path) -> Path:
    """The parquet file, rows sorted by config and epoch, and the JSON that says how it was made."""
    import pandas

    frame = pandas.DataFrame([row for curve in curves for row in curve])
    names = [name for name in frame.columns if "." in name]
    frame = frame.sort_values([*names, "epoch"]).reset_index(drop=True)
    frame["s2s_mm"] = frame["s2s_mm"].astype("float64")
    path = folder / f"{TABLE}.parquet"
    frame.to_parquet(path, index=False)
    finals = [curve[-1]["s2s_mm"] for curve in curves if not curve[-1]["infeasible"]]
    about |= {
        "configs": len(curves),
        "infeasible": len(curves) - len(finals),
        "epochs": int(frame["epoch"].max()),
        "processor_hours": round(frame["seconds"].sum() / 3600, 3),
        "best_mm": min(finals),
        "worst_mm": max(finals),
    }
    (folder / f"{TABLE}.json").write_text(json.dumps(about, indent=2) + "\n")
    return path


def hardware() -> str:
    """The processor and how many cores this process may use."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if os.path.exists("/proc/cpuinfo") else []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{(named or [platform.machine()])[0]}, {len(os.sched_getaffinity(0))} shared cores, no GPU"


def main() -> int:
    """Train what is missing, then write the table; 1 where the dataset cannot be opened."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=".garment/dataset32", help="the dataset's folder; see small_table.small")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--parts", type=Path, default=Path(f".garment/{TABLE}.jsonl"), help="configs trained so far")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--limit", type=int, default=0, help="train at most so many configs now; 0 for all")
    options = parser.parse_args()
    experiment = load_experiment(str(Path(__file__).resolve().parents[1] / f"{TABLE}.py"))
    try:
        version = open_source(options.data).manifest.digest()
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    for folder in (options.out, options.parts.parent):
        folder.mkdir(parents=True, exist_ok=True)
    configs = grid(experiment)
    random.Random(ORDER_SEED).shuffle(configs)
    done = finished(configs, options.parts)
    todo = [values for values in configs if values not in [values_of(curve) for curve in done]]
    todo = todo[: options.limit] if options.limit else todo
    base = experiment.base.with_values({"data.uri": options.data})
    print(f"{len(done)} of {len(configs)} configs are trained, {len(todo)} to go", flush=True)
    with options.parts.open("a") as file:
        for number, curve in enumerate(train_missing(todo, base, options.processes) if todo else (), start=1):
            file.write(json.dumps(curve) + "\n")
            file.flush()
            last = curve[-1]
            print(f"{number}/{len(todo)} {last['reason'] or round(last['s2s_mm'], 2)} {last['epoch']}", flush=True)
    about = {
        "command": "OMP_NUM_THREADS=1 python experiments/benchmarks/make_table.py",
        "seed": experiment.base.seed,
        "hardware": hardware(),
        "python": platform.python_version(),
        "date": datetime.date.today().isoformat(),
        "dataset_version": version,
        "base_digest": experiment.base.digest(),
    }
    print(write_table(finished(configs, options.parts), about, options.out))
    return 0


def _warm_up(base: TrialConfig) -> None:
    """Loads and compiles once, so that no config's first epoch pays for it."""
    import torch

    torch.set_num_threads(1)
    train({}, base.with_values({"training.epochs": 1}))


if __name__ == "__main__":
    sys.exit(main())
