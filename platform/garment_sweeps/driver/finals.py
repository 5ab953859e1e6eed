"""The finals: the best trials are trained again with other seeds, as ordinary trials without early stopping."""

from optuna.trial import TrialState

from garment_sweeps.budget.forecast import Outlook
from garment_sweeps.driver.open_sweep import OpenSweep
from garment_sweeps.driver.progress import SweepProgress
from garment_sweeps.driver.tune_run import run_tune
from garment_sweeps.search.finalists import finalists_of, repeats_left
from garment_sweeps.search.repeat_searcher import RepeatSearcher
from garment_sweeps.search.searcher import Limits
from garment_sweeps.study.state import SweepState
from garment_uv.errors import UserError


def run_finals(sweep: OpenSweep, places: int, outlook: Outlook) -> None:
    """Trains the finalists again until that is done or the budget is used up. Ray is connected.

    Args:
        sweep: whose search has ended; what its budget kept for the finals may now be spent.
        places: most repeats at once; 0 for no limit.
        outlook: for the progress lines.

    Raises:
        UserError: repeats fail one after the other.
    """
    budget, known = sweep.budget, sweep.repeats
    repeats = repeats_left(sweep.state, known)
    budget.begin_finals()
    if not repeats or budget.exhausted():
        return
    known.open()
    log_finalists(sweep.state)
    searcher = RepeatSearcher(repeats, known, sweep.state, Limits.of(budget, places))
    print(f"finals: {len(repeats)} trainings of the best trials with other seeds", flush=True)
    outlook.expect_repeats(len({*(repeat.name for repeat in repeats), *(entry.name for entry in known.known())}))
    with SweepProgress(len(repeats), 0, sweep.experiment.epochs, outlook.words(budget), "finals") as progress:
        run_tune(sweep, searcher, None, progress)
    if searcher.given_up:
        raise UserError(searcher.given_up)


def log_finalists(state: SweepState) -> None:
    """The finalists with what their choice rests on, unless it stands in the log already."""
    finals = state.spec.experiment.finals
    records = state.history.in_state(TrialState.COMPLETE)
    chosen = {
        "finalists": [record.name for record in finalists_of(records, finals.finalists)],
        "most": finals.finalists,
        "seeds": finals.seeds,
        "candidates": {record.name: list(record.values) for record in records},  # type: ignore[arg-type]
    }
    before = [event for event in state.log.read() if event["kind"] == "finalists"]
    if not before or any(before[-1][name] != value for name, value in chosen.items()):
        state.log.append("finalists", **chosen)
