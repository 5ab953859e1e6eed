"""Which trials are trained again with other seeds, and what of that is left to do."""

from collections.abc import Sequence

from optuna.trial import TrialState

from garment_sweeps.experiment import Experiment
from garment_sweeps.search.seen import VIOLATIONS
from garment_sweeps.study.history import Record
from garment_sweeps.study.outcome import pareto_front
from garment_sweeps.study.repeats import Repeat, Repeats
from garment_sweeps.study.state import SweepState

SEEDS = 2**31


def finalists_of(records: Sequence[Record], most: int) -> list[Record]:
    """The finalists: complete trials that keep the constraints, best S2S first.

    With several objectives those of the Pareto front come before all others.
    """
    final = [record for record in records if record.state == TrialState.COMPLETE and not _over_limit(record)]
    values = {record.number: record.values or () for record in final}
    front = dict(zip(values, pareto_front(list(values.values())), strict=True))
    return sorted(final, key=lambda one: (not front[one.number], values[one.number][0], one.number))[:most]


def repeats_of(experiment: Experiment, finalists: Sequence[Record]) -> list[Repeat]:
    """The repeats to be made, all finalists' first repeat before anybody's second one."""
    repeats = []
    for index in range(1, experiment.finals.seeds):
        for record in finalists:
            values = record.suggested(experiment)
            seed = (int(values.get("seed", experiment.base.seed)) + index) % SEEDS
            repeats.append(Repeat(record.name, record.number, index, {**values, "seed": seed}))
    return repeats


def repeats_left(state: SweepState, known: Repeats) -> list[Repeat]:
    """The repeats that are still to be run, as the search stands now.

    None under population based training: it changes a trial's values in mid-training, which no other seed can repeat.
    """
    experiment = state.spec.experiment
    if experiment.scheduler is not None and experiment.scheduler.kind == "pbt":
        return []
    finalists = finalists_of(state.history.records, experiment.finals.finalists)
    done = {record.name for record in known.known() if record.state != TrialState.RUNNING}
    return [repeat for repeat in repeats_of(experiment, finalists) if repeat.name not in done]


def _over_limit(record: Record) -> bool:
    return any(excess > 0 for excess in (record.attrs.get(VIOLATIONS) or {}).values())
