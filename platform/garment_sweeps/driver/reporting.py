"""The report of a sweep, from all that its driver holds."""

import re
from collections.abc import Iterable

from optuna.trial import TrialState

from garment_sweeps.budget.cost import cost_of
from garment_sweeps.comparison.significance import alike, estimates
from garment_sweeps.driver.open_sweep import OpenSweep
from garment_sweeps.driver.report import SweepReport
from garment_sweeps.search.finalists import finalists_of, repeats_left
from garment_sweeps.study.repeats import Repeats
from garment_sweeps.study.state import SweepState
from garment_sweeps.study.study import REASON

NUMBER = re.compile(r"\b(nan|inf|[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?)\b")
"""What differs between reasons of one kind."""


def sweep_report(sweep: OpenSweep) -> SweepReport:
    """How the sweep stands."""
    state, experiment, stop = sweep.state, sweep.experiment, sweep.budget
    tracking, repeats = sweep.tracking, sweep.repeats.known()
    class_mean_mm = tracking.baseline_mm("class_mean_displacement", experiment.metric) if tracking else None
    best = best_of(state, sweep.repeats)
    return SweepReport(
        name=state.study.study_name,
        complete=_count(state, TrialState.COMPLETE),
        pruned=_count(state, TrialState.PRUNED),
        failed=_count(state, TrialState.FAIL),
        interrupted=_count(state, TrialState.RUNNING),
        gpu_hours=stop.gpu_hours(),
        stopped_because=stop.why(),
        repeats=sum(entry.state != TrialState.RUNNING for entry in repeats),
        repeats_left=len(repeats_left(state, sweep.repeats)),
        cost=cost_of(state.log.read(), experiment.held.gpus, class_mean_mm, experiment.processes),
        metric=experiment.metric,
        reasons=kinds_of(record.attrs.get(REASON, "") for record in state.history.in_state(TrialState.FAIL)),
        **best,
    )


def kinds_of(reasons: Iterable[str]) -> tuple[tuple[int, str], ...]:
    """How many reasons are of each kind, with the first of them; the most frequent kind comes first.

    Reasons that differ in numbers alone, as of epochs and rates, are of one kind.
    """
    kinds: dict[str, list[str]] = {}
    for reason in reasons:
        kinds.setdefault(NUMBER.sub("#", reason), []).append(reason)
    counted = [(len(of_kind), of_kind[0] or "for no known reason") for of_kind in kinds.values()]
    return tuple(sorted(counted, key=lambda kind: -kind[0]))


def best_of(state: SweepState, known: Repeats) -> dict:
    """The best trial as the leaderboard has it: finalists by their mean before trials of one seed."""
    finals = finalists_of(state.history.records, len(state.history))
    estimated = estimates({record.name: [*(record.values or ())[:1], *known.values(record.name)] for record in finals})
    if not estimated:
        return {"best_mm": None, "best_trial": ""}
    name = min(estimated, key=lambda name: (estimated[name].seeds == 1, estimated[name].mean, name))
    best = estimated[name]
    return {
        "best_mm": best.mean,
        "best_trial": name,
        "best_half_width_mm": best.half_width,
        "best_seeds": best.seeds,
        "alike": tuple(other for other in estimated if other != name and alike(best, estimated[other])),
    }


def _count(state: SweepState, which: TrialState) -> int:
    return len(state.history.in_state(which))
