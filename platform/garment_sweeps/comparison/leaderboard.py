"""The leaderboard of a sweep: trials ranked by its objective, what differs between them, and the baselines."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from garment_sweeps.comparison.rows import COST_PREFIX, Row, fold
from garment_sweeps.comparison.significance import alike, estimates
from garment_sweeps.study.outcome import pareto_front
from garment_sweeps.tracking import tags, tracking_client
from garment_sweeps.tracking.record import HEADLINE
from garment_sweeps.tracking.runs import find_sweep, objective_of, trials_of
from garment_sweeps.tracking.sweep_run import BASELINES_FILE
from garment_uv.training.trial import TrialConfig

if TYPE_CHECKING:
    from garment_sweeps.tracking.types import MlflowClient, Run

OUTCOME_ORDER = {"complete": 0, "pruned": 1, "infeasible": 2, "failed": 3, "running": 4}


@dataclass(frozen=True)
class Leaderboard:
    """Trials in order; finals are compared with finals only.

    Complete trials come first: those trained over several seeds by their mean, then those of one seed, whose value
    may be luck, then those that break a constraint; after them the stopped ones.
    """

    sweep: str
    trials: tuple[Row, ...]
    baselines: tuple[Row, ...]
    differing: tuple[str, ...]
    """Parameters that are not the same in all trials."""
    costs: tuple[str, ...] = ()
    """Objectives beside the error."""
    objective: str = HEADLINE
    """The metric that ranks, mm."""

    @property
    def best(self) -> Row | None:
        """The first of the complete trials that keep the constraints, or None."""
        return next((row for row in self.trials if row.outcome == "complete" and not row.over_limit), None)

    @property
    def alike(self) -> tuple[Row, ...]:
        """Trials that cannot be told apart from the best."""
        best = self.best
        if best is None or best.estimate is None or not best.repeated:
            return ()
        others = (row for row in self.trials if row is not best)
        return tuple(row for row in others if row.estimate is not None and alike(best.estimate, row.estimate))

    @property
    def front(self) -> tuple[Row, ...]:
        """Trials that no other one beats in every objective."""
        return tuple(row for row in self.trials if row.on_front)


def leaderboard(sweep: str) -> Leaderboard:
    """The leaderboard of the sweep of that name, from MLflow alone; UserError where it is unknown."""
    client = tracking_client()
    run = find_sweep(client, sweep)
    return board_of(client, run, trials_of(client, run))


def board_of(client: "MlflowClient", run: "Run", trials: list["Run"]) -> Leaderboard:
    """The leaderboard of a sweep's run and its trials' runs, fetched already."""
    objective = objective_of(run)
    rows = fold(trials, objective)
    costs, limits = _logged_list(run, "also_minimise"), _logged_list(run, "constraints")
    ranked = rank(rows, tuple(costs), {limit["metric"]: float(limit["at_most"]) for limit in limits})
    sweep = run.data.tags[tags.SWEEP]
    baselines = _baselines(client, run, objective)
    return Leaderboard(sweep, tuple(ranked), baselines, _differing(rows), tuple(costs), objective)


def rank(rows: Iterable[Row], costs: tuple[str, ...] = (), limits: dict[str, float] | None = None) -> list[Row]:
    """Trials in the leaderboard's order, with means, intervals, groups, constraints and the Pareto front filled in.

    `costs` are objectives beside the error, `limits` the most that a cost may be, by its name.
    """
    rows = list(rows)
    estimated = estimates({row.name: [seed.error_mm for seed in row.seeds] for row in rows})
    over = {row.name for row in rows if _over_limit(row, limits or {})}
    rows = [replace(row, estimate=estimated.get(row.name), over_limit=row.name in over) for row in rows]
    if costs:
        finals = [row for row in rows if row.outcome == "complete" and not row.over_limit]
        on = pareto_front([row.point(costs) for row in finals])
        front = {row.name for row, is_on in zip(finals, on, strict=True) if is_on}
        rows = [replace(row, on_front=row.name in front) for row in rows]
    return sorted(rows, key=_order)


def _order(row: Row) -> tuple:
    return OUTCOME_ORDER[row.outcome], row.over_limit, not row.repeated, row.mean_mm, row.name


def _over_limit(row: Row, limits: dict[str, float]) -> bool:
    return any(row.metrics.get(COST_PREFIX + name, 0.0) > most for name, most in limits.items())


def _logged_list(run: "Run", name: str) -> list[Any]:
    """A list in the sweep's description; empty where it says nothing of the kind."""
    try:
        logged = json.loads(run.data.params.get(name, "[]"))
    except ValueError:
        return []
    return logged if isinstance(logged, list) else []


def _baselines(client: "MlflowClient", run: "Run", objective: str) -> tuple[Row, ...]:
    if not any(item.path == BASELINES_FILE for item in client.list_artifacts(run.info.run_id)):
        return ()
    with TemporaryDirectory() as folder:
        path = client.download_artifacts(run.info.run_id, BASELINES_FILE, folder)
        table = json.loads(Path(path).read_text())
    rows = [
        Row(name.replace("_", " "), "baseline", metrics, {}, objective=objective) for name, metrics in table.items()
    ]
    return tuple(sorted(rows, key=lambda row: row.error_mm))


def _differing(rows: list[Row]) -> tuple[str, ...]:
    known = TrialConfig().flat()
    names = sorted({name for row in rows for name in row.params if name in known})
    return tuple(name for name in names if len({row.params.get(name) for row in rows}) > 1)
