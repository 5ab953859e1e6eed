"""Which runs a comparison is of, by what the user typed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from garment_sweeps.comparison.board import Leaderboard
from garment_sweeps.comparison.leaderboard import board_of
from garment_sweeps.comparison.rows import Row
from garment_sweeps.tracking import tags
from garment_sweeps.tracking.one_run import run_or_none
from garment_sweeps.tracking.record import HEADLINE
from garment_sweeps.tracking.sweep_run import find_sweep, sweep_or_none, trials_of
from garment_uv.errors import UserError

if TYPE_CHECKING:
    from garment_sweeps.tracking.types import MlflowClient, Run

MOST = 8
"""Trials that are taken of a sweep: as many as eyes and colours tell apart."""


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

    def name(self, run: "Run") -> str:
        """What the page calls a run: its trial, and its sweep where there are several."""
        trial = trial_of(run)
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


def trial_of(run: "Run") -> str:
    """The trial's name, or the beginning of the run's id."""
    return run.data.tags.get(tags.TRIAL, run.info.run_id[:8])


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
    run = run_or_none(client, name)  # type: ignore[assignment]
    if run is None:
        raise UserError(f"no sweep and no run {name!r} in MLflow; give a sweep, a run id or SWEEP/TRIAL")
    return run
