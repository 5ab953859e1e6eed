"""The two parts of a sweep: the search, and the finals, in which its best trials are trained again with other seeds."""

from optuna.trial import TrialState

from garment_sweeps.budget.forecast import Outlook
from garment_sweeps.budget.opening import open_outlook
from garment_sweeps.budget.stop import BudgetStop
from garment_sweeps.driver.open_sweep import OpenSweep
from garment_sweeps.driver.progress import SweepProgress
from garment_sweeps.driver.tune_run import run_tune
from garment_sweeps.ray.nodes import trial_places
from garment_sweeps.search.finalists import finalists_of
from garment_sweeps.search.opening import open_search
from garment_sweeps.search.repeat_searcher import RepeatSearcher
from garment_sweeps.search.searcher import Limits
from garment_sweeps.study.state import SweepState
from garment_uv.errors import UserError


def search_and_finals(sweep: OpenSweep) -> None:
    """Runs what is left of both; UserError where trials fail one after the other. Ray is connected."""
    now, most = trial_places(sweep.experiment, sweep.settings)
    client = sweep.tracking.run.client if sweep.tracking else None
    outlook = open_outlook(sweep.state, sweep.budget, now, client, sweep.context.base)
    for line in outlook.before(sweep.budget.gpu_hours()):
        print(line, flush=True)
    if sweep.trials_left:
        _search(sweep, most, outlook)
    if search_is_over(sweep.state, sweep.budget):
        _finals(sweep, most, outlook)


def _search(sweep: OpenSweep, places: int, outlook: Outlook) -> None:
    """Until trials or budget are used up."""
    searcher, scheduler = open_search(sweep.state, sweep.budget, places)
    done = sum(record.state != TrialState.RUNNING for record in sweep.state.history.records)
    with SweepProgress(sweep.trials, done, sweep.experiment.epochs, outlook.words(sweep.budget)) as progress:
        run_tune(sweep, searcher, scheduler, progress)
    if searcher.given_up:
        raise UserError(searcher.given_up)


def search_is_over(state: SweepState, budget: BudgetStop) -> bool:
    """Whether the finals may begin: all trials have ended, or the budget ended the search."""
    if budget.why():
        return True
    used_up = any(event["kind"] == "exhausted" for event in state.log.read())
    return not state.history.in_state(TrialState.RUNNING) and (used_up or len(state.history) >= state.spec.trials)


def _finals(sweep: OpenSweep, places: int, outlook: Outlook) -> None:
    """Trains the finalists again, as ordinary trials without early stopping, until that is done or the budget used up.

    What the budget kept for the finals may now be spent.
    """
    budget, known = sweep.budget, sweep.repeats
    repeats = sweep.repeats_left
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
        "candidates": {record.name: list(record.values or ()) for record in records},
    }
    before = [event for event in state.log.read() if event["kind"] == "finalists"]
    if not before or any(before[-1][name] != value for name, value in chosen.items()):
        state.log.append("finalists", **chosen)
