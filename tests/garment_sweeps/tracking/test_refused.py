"""What MLflow will never take is parked and told; the rest goes on. A real server behind a proxy that refuses."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from optuna.trial import TrialState

from garment_sweeps.driver.sweep_tracking import SweepTracking
from garment_sweeps.experiment import Experiment
from garment_sweeps.settings.environment import StorageConfig
from garment_sweeps.study.spec import SweepRequest
from garment_sweeps.study.study import REASON
from garment_sweeps.tracking import tags
from garment_sweeps.tracking.delivery import Delivery
from garment_sweeps.tracking.outbox import Outbox
from garment_sweeps.tracking.record import Ending, Start, TrialKey, TrialRecord, identity_of, now_ms
from garment_sweeps.tracking.runs import find_sweep, trials_of
from garment_sweeps.trials.context import TrialContext
from garment_uv.training.trial import TrialConfig
from tests.garment_sweeps.tracking.made import history
from tests.servers.refusing_proxy import refusing_proxy, uploads, writes_of

pytestmark = pytest.mark.servers
TRIALS = ("t00000", "t00001", "t00002")


@pytest.fixture
def proxy(server, monkeypatch, tmp_path):
    with refusing_proxy(server) as proxy:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", proxy.url)
        monkeypatch.setenv("GARMENT_HOME", str(tmp_path / "home"))
        yield proxy


class Session:
    """A session of a sweep whose trials are over, each with a record that MLflow has not seen."""

    def __init__(self, folder: Path) -> None:
        self.name = folder.name
        experiment = Experiment(name="refusals", description="", base=TrialConfig(), scheduler=None)
        self.tracking = SweepTracking.start(experiment, SweepRequest(name=self.name))
        self.run = self.tracking.run
        self.context = TrialContext(
            sweep=self.name,
            session=0,
            base=experiment.base,
            metric=experiment.metric,
            checkpoint_every=1,
            storage=StorageConfig(uri=str(folder / "store")),
            home=str(folder),
            cpus=1,
            tracking=self.tracking.config,
        )
        self.outbox = Outbox.of(self.context.storage, self.name)

    def record(self, trial: str, folder: Path | None = None, **extra) -> TrialRecord:
        ids = (self.name, self.run.experiment_id, self.run.run_id, trial)
        record = TrialRecord(identity_of(TrialKey(*ids), TrialConfig(), extra), Start(number=1))
        for epoch in (1, 2, 3):
            record.add_epoch(epoch, {"s2s/all": 50.0 - epoch})
        record.ending = Ending(outcome="complete", at_ms=now_ms(), tags={"garment.extra": "1"})
        if folder is not None:
            record.folders = {"model": folder}
        return record

    def end(self) -> bool:
        """The end of a session in which all trials were completed."""
        attrs = {REASON: ""}
        known = [SimpleNamespace(name=name, state=TrialState.COMPLETE, attrs=attrs) for name in TRIALS]
        self.tracking.watch(self.context, lambda: known)
        return self.tracking.finish("complete", {"trials_complete": 3, "best_trial": "t00000"})

    def found(self) -> dict[str, tuple[str, str]]:
        """Status and outcome, by trial."""
        runs = trials_of(self.run.client, find_sweep(self.run.client, self.name))
        return {run.data.tags[tags.TRIAL]: (run.info.status, run.data.tags.get(tags.OUTCOME, "")) for run in runs}


def test_a_record_that_is_refused_for_ever_is_parked_and_holds_up_nothing(proxy, tmp_path, capsys):
    session = Session(tmp_path)
    for trial in TRIALS:
        session.outbox.put(session.record(trial))
    proxy.refuse(writes_of("t00001"))
    assert session.end()
    done = ("FINISHED", "complete")
    assert session.found() == {"t00000": done, "t00002": done}
    parent = find_sweep(session.run.client, session.name)
    assert parent.info.status == "FINISHED" and parent.data.metrics == {"trials_complete": 3.0}
    assert session.outbox.names() == []
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "refused" in line]
    place = tmp_path / "store" / session.name / "parked" / "t00001.00000001"
    assert line.startswith("garment: MLflow refused the run of trial t00001 (INVALID_PARAMETER_VALUE: the proxy")
    assert str(place) in line and (place / "record.jsonl").is_file()
    proxy.allow()  # the reason is mended, and the folder moved back, as the line says
    shutil.move(place, place.parent.parent / "outbox" / place.name)
    again = Session(tmp_path)
    assert again.end() and again.found() == dict.fromkeys(TRIALS, done)
    run = next(run for run in trials_of(again.run.client, parent) if run.data.tags[tags.TRIAL] == "t00001")
    assert [step for step, _ in history(again.run.client, run.info.run_id, "s2s/all")] == [1, 2, 3]
    assert "refused" not in capsys.readouterr().err


def test_of_a_record_whose_file_is_too_large_everything_else_arrives(proxy, tmp_path, capsys):
    session = Session(tmp_path)
    model = tmp_path / "model"
    model.mkdir()
    (model / "generator.safetensors").write_bytes(b"weights")
    session.outbox.put(session.record("t00000", model))
    proxy.refuse(uploads, status=413, text="<html>413 Request Entity Too Large</html>")
    assert session.end()
    assert session.found() == {"t00000": ("FINISHED", "complete")}
    (parked,) = session.outbox.parked()
    assert list(parked.refused) == ["file model/generator.safetensors"] and "413" in parked.line()
    assert (Path(parked.path) / "files" / "model" / "generator.safetensors").read_bytes() == b"weights"
    assert "file model/generator.safetensors of trial t00000" in capsys.readouterr().err


def test_one_bad_value_among_many_costs_itself_alone(proxy, tmp_path):
    session = Session(tmp_path)
    record = session.record("t00000", **{"not$a*name": 1, "fine": 2})
    record.epochs = [epoch.model_copy(update={"metrics": {**epoch.metrics, "bad$": 1.0}}) for epoch in record.epochs]
    delivery = Delivery(lambda: session.run.client, record)
    delivery()
    bad = {f"metric bad$ of epoch {epoch}" for epoch in (1, 2, 3)}
    assert set(delivery.refused) == {"parameter not$a*name", *bad}
    run = session.run.client.get_run(delivery.run_id)
    assert run.data.params["fine"] == "2" and run.data.params["loss.uv"] == "1.0"
    assert [step for step, _ in history(session.run.client, delivery.run_id, "s2s/all")] == [1, 2, 3]
    assert (run.info.status, run.data.tags[tags.OUTCOME]) == ("FINISHED", "complete")
    before = run.to_dictionary()
    delivery()
    assert session.run.client.get_run(delivery.run_id).to_dictionary() == before


def test_an_epoch_that_is_refused_costs_itself_alone(proxy, tmp_path):
    session = Session(tmp_path)
    record = session.record("t00000")
    later, record.epochs = record.epochs[2:], record.epochs[:2]
    proxy.refuse(lambda asked: asked.path.endswith("/log-batch") and b'"step": 2' in asked.body)
    delivery = Delivery(lambda: session.run.client, record)
    delivery()
    record.epochs += later
    delivery()
    assert set(delivery.refused) == {"metric s2s/all of epoch 2", "metric epoch of epoch 2"}
    assert history(session.run.client, delivery.run_id, "s2s/all") == [(1, 49.0), (3, 47.0)]


def test_a_record_over_which_mlflow_stumbles_waits_and_the_others_come_first(proxy, tmp_path):
    session = Session(tmp_path)
    for trial in TRIALS:
        session.outbox.put(session.record(trial))
    proxy.refuse(writes_of("t00000"), status=500, code="INTERNAL_ERROR")
    with pytest.raises(Exception, match="500"):
        session.outbox.deliver(session.run)
    assert session.outbox.names() == ["t00000.00000001"] and session.outbox.parked() == []
    assert set(session.found()) == {"t00001", "t00002"}


def test_a_record_that_nobody_can_deliver_is_parked_with_its_error(proxy, tmp_path):
    session = Session(tmp_path)
    broken = session.record("t00000")
    broken.ending = broken.ending.model_copy(update={"outcome": "of another version"})
    for record in (broken, session.record("t00001")):
        session.outbox.put(record)
    session.outbox.deliver(session.run)
    (parked,) = session.outbox.parked()
    assert parked.trial_id == "t00000" and "KeyError" in parked.refused["the record"]
    assert session.found()["t00001"] == ("FINISHED", "complete")


def test_a_refused_sweep_is_said_in_one_line(proxy, tmp_path):
    from garment_sweeps.tracking import SweepRun
    from garment_uv.errors import UserError

    proxy.refuse(lambda asked: asked.path.endswith("/runs/create"))
    with pytest.raises(UserError, match="refuses the run of this sweep .INVALID_PARAMETER_VALUE") as caught:
        SweepRun.start("refusals", "never", {})
    assert "\n" not in str(caught.value)
