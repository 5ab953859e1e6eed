"""The leaderboard of a sweep: its trials ranked by S2S, what differs between them, and the baselines beside them."""

import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from garment_sweeps.tracking import tags, tracking_client
from garment_sweeps.tracking.sweep_run import BASELINES_FILE, find_sweep, trials_of
from garment_uv.config.trial import TrialConfig

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from rich.table import Table

HEADLINE = "s2s/all"
"""The metric that ranks: S2S over all garments in mm, lower is better."""
OUTCOME_ORDER = {"complete": 0, "pruned": 1, "infeasible": 2, "failed": 3, "running": 4}


@dataclass(frozen=True)
class Row:
    """One trial, or one baseline."""

    name: str
    outcome: str
    """'complete', 'pruned', 'infeasible', 'failed', 'running', or 'baseline'."""
    metrics: dict[str, float]
    params: dict[str, str]
    run_id: str = ""

    @property
    def s2s(self) -> float:
        """Headline S2S in mm, infinite where none was measured."""
        return self.metrics.get(HEADLINE, float("inf"))


@dataclass(frozen=True)
class Leaderboard:
    """Trials in order: complete ones by S2S, then stopped ones; finals are compared with finals only."""

    sweep: str
    trials: tuple[Row, ...]
    baselines: tuple[Row, ...]
    differing: tuple[str, ...]
    """Parameters that are not the same in all trials."""

    @property
    def best(self) -> Row | None:
        """The complete trial of lowest S2S, or None."""
        return next((row for row in self.trials if row.outcome == "complete"), None)

    def table(self) -> "Table":
        """The leaderboard as a rich table."""
        from rich.table import Table

        classes = sorted({m for row in (*self.trials, *self.baselines) for m in row.metrics if _is_class(m)})
        table = Table(title=f"{self.sweep}: S2S in mm, mean of both directions", title_justify="left")
        table.add_column("")
        table.add_column("trial", overflow="fold", min_width=11)
        table.add_column("outcome")
        table.add_column("epoch", justify="right")
        for name in ("all", *(c.removeprefix("s2s/") for c in classes)):
            table.add_column(name, justify="right")
        for name in self.differing:
            table.add_column(name.rpartition(".")[2] if _unique(name, self.differing) else name, overflow="fold")
        for rank, row in enumerate(self.trials, start=1):
            table.add_row(str(rank), *self._cells(row, classes))
        table.add_section()
        for row in self.baselines:
            table.add_row("", *self._cells(row, classes), style="dim")
        return table

    def _cells(self, row: Row, classes: list[str]) -> list[str]:
        epoch = row.metrics.get("epoch")
        numbers = [row.metrics.get(name) for name in (HEADLINE, *classes)]
        return [
            row.name,
            row.outcome,
            "" if epoch is None else f"{epoch:.0f}",
            *("" if value is None else f"{value:.2f}" for value in numbers),
            *(row.params.get(name, "") for name in self.differing),
        ]


def leaderboard(sweep: str) -> Leaderboard:
    """The leaderboard of the sweep of that name, from MLflow alone; UserError where it is unknown."""
    client = tracking_client()
    run = find_sweep(client, sweep)
    rows = [_row(trial) for trial in trials_of(client, run)]
    rows.sort(key=lambda row: (OUTCOME_ORDER[row.outcome], row.s2s, row.name))
    return Leaderboard(sweep, tuple(rows), _baselines(client, run), _differing(rows))


def _row(run: "Run") -> Row:
    outcome = run.data.tags.get(tags.OUTCOME, "running")
    name = run.data.tags.get(tags.TRIAL, run.info.run_name)
    return Row(name, outcome, dict(run.data.metrics), dict(run.data.params), run.info.run_id)


def _baselines(client: "MlflowClient", run: "Run") -> tuple[Row, ...]:
    if not any(item.path == BASELINES_FILE for item in client.list_artifacts(run.info.run_id)):
        return ()
    with TemporaryDirectory() as folder:
        path = client.download_artifacts(run.info.run_id, BASELINES_FILE, folder)
        table = json.loads(Path(path).read_text())
    rows = [Row(name.replace("_", " "), "baseline", metrics, {}) for name, metrics in table.items()]
    return tuple(sorted(rows, key=lambda row: row.s2s))


def _differing(rows: list[Row]) -> tuple[str, ...]:
    known = TrialConfig().flat()
    names = sorted({name for row in rows for name in row.params if name in known})
    return tuple(name for name in names if len({row.params.get(name) for row in rows}) > 1)


def _is_class(metric: str) -> bool:
    from garment_uv.classes import CLASS_IDS

    return metric.startswith("s2s/") and metric.removeprefix("s2s/") in CLASS_IDS


def _unique(name: str, names: tuple[str, ...]) -> bool:
    last = name.rpartition(".")[2]
    return sum(other.rpartition(".")[2] == last for other in names) == 1
