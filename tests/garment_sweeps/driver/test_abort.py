"""However a sweep ends, its runs in MLflow say so: FINISHED, FAILED or KILLED, and never RUNNING."""

from types import SimpleNamespace

import pytest
from optuna.trial import TrialState

from garment_sweeps.driver.sweep_tracking import SweepTracking
from garment_sweeps.study.spec import SweepRequest
from garment_sweeps.study.study import REASON
from garment_sweeps.tracking import SweepRun, tags
from garment_sweeps.tracking.delivery import Delivery
from garment_sweeps.tracking.record import Start, TrialKey, TrialRecord, identity_of
from garment_sweeps.tracking.runs import trials_of
from garment_sweeps.trials.context import TrialContext
from garment_uv.training.trial import TrialConfig


@pytest.mark.parametrize(("status", "said"), [("complete", "FINISHED"), ("failed", "FAILED"), ("killed", "KILLED")])
def test_the_parent_run_ends_with_its_true_status(settings, status, said):
    run = SweepRun.start("ends", f"ends-{status}", {})
    run.log_summary({"reason": "why", "trials_complete": 3})
    run.end(status)
    found = run.client.get_run(run.run_id)
    assert found.info.status == said and found.info.end_time
    assert found.data.tags[tags.REASON] == "why" and found.data.metrics == {"trials_complete": 3.0}
    again = SweepRun.start("ends", f"ends-{status}", {})
    found = run.client.get_run(again.run_id)
    assert again.run_id == run.run_id and found.info.status == "RUNNING" and tags.REASON not in found.data.tags


def test_a_sweep_that_is_stopped_is_killed_with_its_running_trials(settings, experiment):
    tracking = SweepTracking.start(experiment, SweepRequest(name="stopped"))
    context = TrialContext(
        sweep="stopped",
        session=0,
        base=experiment.base,
        metric=experiment.metric,
        checkpoint_every=1,
        storage=settings.storage,
        home=str(settings.home),
        cpus=1,
        tracking=tracking.config,
    )
    states = {"t00000": TrialState.COMPLETE, "t00001": TrialState.RUNNING, "t00002": TrialState.FAIL}
    for name in states:
        ids = ("stopped", tracking.run.experiment_id, tracking.run.run_id)
        record = TrialRecord(identity_of(TrialKey(*ids, name), TrialConfig(), {}), Start(number=1))
        record.add_epoch(1, {"s2s/all": 40.0})
        Delivery(lambda: tracking.run.client, record, live=True)()  # noqa: B023  called before the next one
    known = [SimpleNamespace(name=name, state=state, attrs={REASON: ""}) for name, state in states.items()]
    tracking.watch(context, lambda: known)
    assert tracking.finish("killed", {"reason": "SIGTERM"})
    parent = tracking.run.client.get_run(tracking.run.run_id)
    assert parent.info.status == "KILLED" and parent.data.tags[tags.REASON] == "SIGTERM"
    found = {run.data.tags[tags.TRIAL]: run.info.status for run in trials_of(tracking.run.client, parent)}
    assert found == {"t00000": "FINISHED", "t00001": "KILLED", "t00002": "FAILED"}
