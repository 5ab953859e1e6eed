"""Which trials are trained again with other seeds."""

from collections.abc import Sequence

from optuna.trial import TrialState

from garment_sweeps.search.seen import VIOLATIONS
from garment_sweeps.study.front import pareto_front
from garment_sweeps.study.history import Record


def choose(records: Sequence[Record], finalists: int) -> list[Record]:
    """The finalists: complete trials that keep the constraints, best S2S first.

    With several objectives those of the Pareto front come before all others.
    """
    final = [record for record in records if record.state == TrialState.COMPLETE and not _over_limit(record)]
    on_front = pareto_front([record.values for record in final])
    ranked = sorted(
        zip(final, on_front, strict=True), key=lambda pair: (not pair[1], pair[0].values[0], pair[0].number)
    )
    return [record for record, _ in ranked[:finalists]]


def _over_limit(record: Record) -> bool:
    return any(excess > 0 for excess in (record.attrs.get(VIOLATIONS) or {}).values())
