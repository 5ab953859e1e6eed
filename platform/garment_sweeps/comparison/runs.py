"""The runs of a comparison: which ones, by what the user typed, and what a page needs of each, fetched from MLflow."""

import math
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from garment_sweeps.comparison.leaderboard import Leaderboard, board_of
from garment_sweeps.comparison.rows import Row
from garment_sweeps.tracking import tags
from garment_sweeps.tracking.model_artifact import GALLERY_ARTIFACT, SCORES_ARTIFACT
from garment_sweeps.tracking.record import HEADLINE
from garment_sweeps.tracking.runs import find_sweep, run_or_none, sweep_or_none, trials_of
from garment_uv.errors import UserError
from garment_uv.metrics.scores_file import SCORES_FILE, SampleScore, read_scores

if TYPE_CHECKING:
    from garment_sweeps.tracking.types import MlflowClient, Run
    from garment_uv.viewing.exhibits import Exhibit

MOST = 8
"""Trials that are taken of a sweep: as many as eyes and colours tell apart."""

Curve = list[tuple[int, float]]
"""Epoch and value, by epoch."""


@dataclass(frozen=True)
class Chosen:
    """Runs in the order of the page's columns."""

    runs: tuple["Run", ...]
    sweep: "Run | None"
    """Their sweep's own run; None where they are of several sweeps."""
    board: Leaderboard | None
    """The sweep's leaderboard."""

    @property
    def objective(self) -> str:
        """The metric that their sweep makes small; that of all garments where they are of several sweeps."""
        return self.board.objective if self.board is not None else HEADLINE

    @property
    def about(self) -> dict[str, str]:
        """What their sweep's run says of it."""
        return self.sweep.data.params if self.sweep is not None else {}

    def name(self, run: "Run") -> str:
        """What the page calls a run: its trial, and its sweep where there are several."""
        trial = run.data.tags.get(tags.TRIAL, run.info.run_id[:8])
        return trial if self.sweep is not None else f"{run.data.tags.get(tags.SWEEP, '')}/{trial}".lstrip("/")

    def row(self, run: "Run") -> Row | None:
        """The leaderboard's row of a run; None of a repeat, and where there is no leaderboard."""
        rows = self.board.trials if self.board is not None else ()
        return next((row for row in rows if row.run_id == run.info.run_id), None)


def chosen_runs(client: "MlflowClient", names: list[str]) -> Chosen:
    """The runs that `names` mean: one sweep's name for its best trials, or run ids and SWEEP/TRIAL.

    Raises:
        UserError: an unknown sweep, trial or run, or a sweep without any trial that was measured.
    """
    of_sweep: dict[str, list[Run]] = {}
    if len(names) == 1 and "/" not in names[0]:
        sweep = sweep_or_none(client, names[0])
        if sweep is not None:
            return _best(sweep, board_of(client, sweep, trials := trials_of(client, sweep)), trials)
    by_id = {run.info.run_id: run for run in (_run(client, name, of_sweep) for name in names)}
    runs = tuple(by_id.values())
    parents = {run.data.tags.get(tags.PARENT, "") for run in runs}
    if len(parents) > 1 or parents == {""}:
        return Chosen(runs, None, None)
    sweep = client.get_run(parents.pop())
    trials = of_sweep.get(sweep.data.tags.get(tags.SWEEP, "")) or trials_of(client, sweep)
    return Chosen(runs, sweep, board_of(client, sweep, trials))


def _best(sweep: "Run", board: Leaderboard, trials: list["Run"]) -> Chosen:
    name = sweep.data.tags[tags.SWEEP]
    measured = [row for row in board.trials if row.error_mm < float("inf")]
    finals = [row for row in measured if row.outcome == "complete"]
    if not measured:
        raise UserError(f"no trial of sweep {name!r} was measured yet; `garment leaderboard {name}` says how it stands")
    by_id = {run.info.run_id: run for run in trials}
    return Chosen(tuple(by_id[row.run_id] for row in (finals or measured)[:MOST]), sweep, board)


def _run(client: "MlflowClient", name: str, of_sweep: dict[str, list["Run"]]) -> "Run":
    if "/" in name:
        sweep, _, trial = name.rpartition("/")
        if sweep not in of_sweep:
            of_sweep[sweep] = trials_of(client, find_sweep(client, sweep))
        for run in of_sweep[sweep]:
            if run.data.tags.get(tags.TRIAL) == trial:
                return run
        raise UserError(f"sweep {sweep!r} has no trial {trial!r}; `garment leaderboard {sweep}` lists them")
    found = run_or_none(client, name)
    if found is None:
        raise UserError(f"no sweep and no run {name!r} in MLflow; give a sweep, a run id or SWEEP/TRIAL")
    return found


@dataclass(frozen=True)
class ComparedRun:
    """One run, as a column of the page."""

    name: str
    run: "Run"
    exhibits: tuple["Exhibit", ...]
    """Empty where the run kept no meshes."""
    scores: tuple[SampleScore, ...]
    """Of its last evaluation; empty where it kept none."""
    curves: dict[str, Curve]
    """By metric."""


def fetch_run(client: "MlflowClient", name: str, run: "Run", metrics: list[str]) -> ComparedRun:
    """Everything of a run, and the curves of those of `metrics` that it has."""
    run_id = run.info.run_id
    kept = {item.path for item in client.list_artifacts(run_id)}
    with TemporaryDirectory() as folder:
        exhibits = _exhibits(client, run_id, folder) if GALLERY_ARTIFACT in kept else ()
        scores = _scores(client, run_id, folder) if SCORES_ARTIFACT in kept else ()
    curves = {metric: _curve(client, run_id, metric) for metric in metrics if metric in run.data.metrics}
    return ComparedRun(name, run, exhibits, scores, curves)


def _exhibits(client: "MlflowClient", run_id: str, folder: str) -> tuple["Exhibit", ...]:
    from garment_uv.viewing.exhibits import MESHES_FILE, read_gallery

    path = client.download_artifacts(run_id, f"{GALLERY_ARTIFACT}/{MESHES_FILE}", folder)
    scores = f"{GALLERY_ARTIFACT}/{SCORES_FILE}"
    if scores in {item.path for item in client.list_artifacts(run_id, GALLERY_ARTIFACT)}:
        client.download_artifacts(run_id, scores, folder)
    return tuple(read_gallery(Path(path).parent))


def _scores(client: "MlflowClient", run_id: str, folder: str) -> tuple[SampleScore, ...]:
    path = client.download_artifacts(run_id, f"{SCORES_ARTIFACT}/{SCORES_FILE}", folder)
    return tuple(read_scores(Path(path)))


def _curve(client: "MlflowClient", run_id: str, metric: str) -> Curve:
    points = {m.step: m.value for m in client.get_metric_history(run_id, metric) if math.isfinite(m.value)}
    return sorted(points.items())
