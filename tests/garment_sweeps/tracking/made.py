"""Records of trials that never ran, and what MLflow holds of them."""

from garment_sweeps.tracking import SweepRun
from garment_sweeps.tracking.record import Start, TrialKey, TrialRecord, identity_of
from garment_uv.training.trial import TrialConfig


def record_of(sweep: SweepRun, trial: str, attempt: int = 1, **extra) -> TrialRecord:
    """A record without epochs."""
    identity = identity_of(TrialKey("sweep", sweep.experiment_id, sweep.run_id, trial), TrialConfig(), extra)
    return TrialRecord(identity, Start(number=attempt))


def history(client, run_id: str, metric: str) -> list[tuple[int, float]]:
    """All points of a metric as (step, value), in the order of their steps."""
    return sorted((point.step, point.value) for point in client.get_metric_history(run_id, metric))
