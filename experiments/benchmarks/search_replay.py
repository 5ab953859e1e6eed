"""Replays the tabulated curves of `make_table.py` under a simulated clock: random, TPE, ASHA and ours, over seeds.

    python experiments/benchmarks/search_replay.py [--seeds 30] [--trials 64] [--workers 8] [--variants]

Compared is the best FINAL value, of a trial that trained all its epochs, over GPU-hours. Every method may spend what
random search spends, on average over the table, on so many trials of full length. Both sides are paired by seed.
Writes `search_replay.csv` and `search_replay.png`; exits 1 where a goal is not reached.
"""

import argparse
import datetime
import multiprocessing
import shlex
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas
from replay_methods import METHODS, VARIANTS
from replay_report import LADDER, LEVEL, behind, draw, incumbents, reached_s
from simulation import Curve, Step

from garment_sweeps.experiment import Experiment
from garment_sweeps.experiment.load import load_experiment

EXPERIMENTS = Path(__file__).resolve().parents[1]
RESULTS = EXPERIMENTS / "results"
TABLE = RESULTS / "small_table.parquet"
RATIO = 0.25
"""Goal: ours reaches random search's final best in at most so much of its GPU-hours."""
RIVALS = ("ASHA", "TPE")
POINTS = 257


class Table:
    """Curves by the values of their config."""

    def __init__(self, path: Path, experiment: Experiment) -> None:
        frame = pandas.read_parquet(path)
        self._paths = [parameter.path for parameter in experiment.space.parameters]
        self.curves = {_key(key): _curve(rows) for key, rows in frame.groupby(self._paths, sort=False)}
        finals = [curve.values[-1] for curve in self.curves.values() if not curve.reason]
        self.worst_mm = max(finals)
        self.mean_s = float(np.mean([sum(curve.seconds) for curve in self.curves.values()]))

    def __call__(self, values: dict[str, Any]) -> Curve:
        return self.curves[_key([values[path] for path in self._paths])]


def run(job: tuple[str, int], experiment: Experiment, table: Table, workers: int, budget_s: float) -> list[Step]:
    """The trace of one method and seed."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    name, seed = job
    return {**METHODS, **VARIANTS}[name](experiment, table, seed, workers, budget_s)


def main() -> int:
    """Replay, print, write; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--first-seed", type=int, default=0, help="1000 and above for trying things out")
    parser.add_argument("--trials", type=int, default=64, help="full trials of random search: the budget")
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--variants", action="store_true", help="also what each part of ours is good for")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    experiment = load_experiment(str(EXPERIMENTS / "small_table.py"))
    table = Table(options.table, experiment)
    budget_s = options.trials * table.mean_s
    names = [*METHODS, *(VARIANTS if options.variants else ())]
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    print(f"command: python {shlex.join(sys.argv)}")
    print(
        f"{datetime.date.today()}; {len(table.curves)} configs, best {_best(table):.2f} mm, {options.workers} workers"
    )
    print(f"{options.workers} workers, seeds {seeds.start} to {seeds.stop - 1}")
    print(f"budget: what {options.trials} random trials cost, {budget_s / 3600:.2f} GPU-hours")
    replay = partial(run, experiment=experiment, table=table, workers=options.workers, budget_s=budget_s)
    jobs = [(name, seed) for name in names for seed in seeds]
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        traces = dict(zip(jobs, pool.imap(replay, jobs), strict=True))
    steps = {name: [traces[name, seed] for seed in seeds] for name in names}
    reached = report(steps, budget_s, table.worst_mm)
    budgets_s = np.linspace(0, budget_s, POINTS)
    curves = {name: _incumbents(steps[name], budgets_s, table.worst_mm) for name in names}
    options.out.mkdir(parents=True, exist_ok=True)
    title = (
        f"{len(table.curves)} tabulated configs, {options.workers} workers, median and quartiles of {len(seeds)} seeds"
    )
    draw(curves, budgets_s, title, options.out / "search_replay.png")
    write_csv(curves, budgets_s, options.out / "search_replay.csv")
    return 0 if reached else 1


def report(steps: dict[str, list[list[Step]]], budget_s: float, worst_mm: float) -> bool:
    """Prints how each method stands to random search and to ours; whether both goals are reached."""
    budgets_s = np.array(LADDER) * budget_s
    values = {name: _incumbents(traces, budgets_s, worst_mm) for name, traces in steps.items()}
    print("\nmedian of the best final S2S in mm at parts of the budget")
    print(f"{'':24}" + "".join(f"{part:>9.4g}" for part in LADDER))
    for name, found in values.items():
        print(f"{name:24}" + "".join(f"{value:9.2f}" for value in np.median(found, axis=0)))
    print("\npart of random search's GPU-hours until its final best is reached: median over paired seeds [quartiles]")
    targets = [trace[-1].incumbent for trace in steps["random"]]
    parts = {}
    for name, traces in steps.items():
        ratios = [reached_s(trace, target) / budget_s for trace, target in zip(traces, targets, strict=True)]
        parts[name] = float(np.median(ratios))
        low, high = np.percentile(ratios, (25, 75), method="nearest")
        print(f"{name:24}{parts[name]:7.3f} [{low:.3f}, {high:.3f}]")
    print("\nours against others: mean difference in mm, above 0 where ours is behind (p, Holm over budgets)")
    never_behind = True
    for rival in RIVALS:
        p, differences = behind(values["ours"], values[rival])
        never_behind &= not np.any((p < LEVEL) & (differences > 0))
        print(f"{rival:10}" + "".join(f"{d:+8.2f} ({q:.3f})" for d, q in zip(differences, p, strict=True)))
    quick = parts["ours"] <= RATIO
    print(f"\n{'reached' if quick else 'NOT REACHED'}: ours needs at most {RATIO} of random's GPU-hours (median)")
    print(f"{'reached' if never_behind else 'NOT REACHED'}: at no budget significantly behind {' or '.join(RIVALS)}")
    return quick and never_behind


def write_csv(curves: dict[str, np.ndarray], budgets_s: np.ndarray, path: Path) -> None:
    """Quartiles of every method's incumbents at every budget."""
    rows = [
        {"method": name, "gpu_hours": round(float(budget) / 3600, 5), "q25_mm": low, "median_mm": mid, "q75_mm": high}
        for name, values in curves.items()
        for budget, low, mid, high in zip(budgets_s, *np.percentile(values, (25, 50, 75), axis=0), strict=True)
    ]
    pandas.DataFrame(rows).to_csv(path, index=False, float_format="%.5g")


def _incumbents(traces: list[list[Step]], budgets_s: np.ndarray, worst_mm: float) -> np.ndarray:
    return np.stack([incumbents(trace, budgets_s, worst_mm) for trace in traces])


def _best(table: Table) -> float:
    return min(curve.values[-1] for curve in table.curves.values() if not curve.reason)


def _key(values: Any) -> tuple:
    return tuple(f"{value:.9g}" if isinstance(value, float) else value for value in values)


def _curve(rows: pandas.DataFrame) -> Curve:
    rows = rows.sort_values("epoch")
    values = tuple(float(value) for value in rows["s2s_mm"] if not np.isnan(value))
    return Curve(values, tuple(rows["seconds"].astype(float)), next(filter(None, rows["reason"]), ""))


if __name__ == "__main__":
    sys.exit(main())
