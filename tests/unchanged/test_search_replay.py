"""The rows of `search_replay.csv`, of two seeds and a quarter of the budget; all searches on one simulated clock.

The rows of all seeds are `experiments/results/search_replay.csv`, which `experiments/benchmarks/search_replay.py`
writes in minutes.
"""

import csv
from pathlib import Path

import numpy as np

BENCHMARKS = Path(__file__).parents[2] / "experiments" / "benchmarks"
NAMES = ("random", "TPE", "ASHA", "ours", "TPE and ASHA, plain", "ours, random", "ours, no scheduler")
SEEDS, TRIALS, WORKERS, POINTS = 2, 16, 8, 17


def test_the_replay_gives_the_same_rows(hold, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import search_replay as replay

    experiment = replay.load_experiment(str(replay.EXPERIMENTS / "small_table.py"))
    table = replay.Table(replay.TABLE, experiment)
    budget_s = TRIALS * table.mean_s
    budgets_s = np.linspace(0, budget_s, POINTS)
    curves, last = {}, {}
    for name in NAMES:
        traces = [replay.run((name, seed), experiment, table, WORKERS, budget_s) for seed in range(SEEDS)]
        curves[name] = np.stack([replay.incumbents(trace, budgets_s, table.worst_mm) for trace in traces])
        last[name] = [[trace[-1].trial, len(trace), trace[-1].spent_s] for trace in traces]
    replay.write_csv(curves, budgets_s, tmp_path / "search_replay.csv")
    with (tmp_path / "search_replay.csv").open() as file:
        rows = [[float(cell) if cell[0].isdigit() else cell for cell in row] for row in csv.reader(file)]
    hold({"configs": len(table.curves), "budget_s": budget_s}, {"rows": rows, "last": last}, relative=1e-4)
