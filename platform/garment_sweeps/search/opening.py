"""Searcher and scheduler of a sweep that goes on, as Tune takes them: both ask one budget and write into one log."""

from typing import Any

from garment_sweeps.budget.stop import BudgetStop
from garment_sweeps.search.schedulers import Hooks, RecordedScheduler
from garment_sweeps.search.searcher import Limits, StudySearcher
from garment_sweeps.study.state import SweepState


def open_search(state: SweepState, budget: BudgetStop, places: int) -> tuple[StudySearcher, RecordedScheduler]:
    """What suggests and what stops, as they stand at the log's end; `places` are the most trials at once, 0 for any."""
    experiment, trials = state.spec.experiment, state.spec.trials
    searcher = StudySearcher(state.history, state.log, experiment, trials, state.start, Limits.of(budget, places))

    def keep_schedule(name: str, schedule: list[dict[str, Any]]) -> None:
        number = next(record.number for record in state.history.records if record.name == name)
        state.history.note(number, schedule=schedule)

    def pause(name: str) -> None:
        searcher.paused(name, True)
        budget.pause(name)

    def wake(name: str) -> None:
        searcher.paused(name, False)
        budget.begin(name)

    hooks = Hooks(
        exhausted=lambda: budget.exhausted() or bool(searcher.given_up),
        full=searcher.full,
        interrupted=budget.stopped,
        written=lambda: state.journal.written(0.0),
        on_pause=pause,
        on_wake=wake,
        on_exploit=keep_schedule,
    )
    return searcher, RecordedScheduler(experiment, state.log, trials, hooks)
