"""A sweep of two trained trials on the cylinder dataset, in a local MLflow store of its own."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from garment_sweeps.tracking import SweepRun, tags
from garment_sweeps.tracking.delivery import Delivery
from garment_sweeps.tracking.model_artifact import model_tags
from garment_sweeps.tracking.record import Ending, Start, TrialKey, TrialRecord, identity_of, now_ms
from garment_uv.metrics.baselines import baseline_tables
from garment_uv.metrics.scores_file import write_scores
from garment_uv.samples.source import FolderSource
from garment_uv.training.trainer import Trainer
from garment_uv.viewing.gallery import write_gallery
from tests.garment_uv.cylinder import small_config, write_dataset

EPOCHS = 12


@dataclass(frozen=True)
class Tracked:
    """Where the sweep is and what it is called."""

    home: Path
    dataset: Path
    sweep: str
    runs: dict[str, str]
    """Trial name to run id."""


@pytest.fixture(scope="session")
def trained_home(tmp_path_factory) -> Tracked:
    """Trial 'good' trains for real, trial 'poor' for one epoch, trial 'stopped' was stopped by the scheduler."""
    home = tmp_path_factory.mktemp("promotion")
    dataset = write_dataset(home / "dataset", train=24, val=4, test=12)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GARMENT_HOME", str(home))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        sweep = SweepRun.start("promotion", "cylinders", {"trials": 3})
        source = FolderSource(dataset)
        sweep.log_baselines({name: table.to_dict() for name, table in baseline_tables(source, "val").items()})
        lengths = {"good": EPOCHS, "poor": 1}
        runs = {name: _trial(sweep, dataset, home, name, epochs) for name, epochs in lengths.items()}
        stopped = _record(sweep, "stopped", small_config(), {})
        stopped.add_epoch(1, {"s2s/all": 0.5})
        runs["stopped"] = _deliver(sweep, stopped, "pruned")
    return Tracked(home, dataset, "cylinders", runs)


@pytest.fixture
def tracked(trained_home, monkeypatch) -> Tracked:
    """The sweep, with this process looking at its home."""
    monkeypatch.setenv("GARMENT_HOME", str(trained_home.home))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return trained_home


def _record(sweep: SweepRun, name: str, config, extra: dict) -> TrialRecord:
    return TrialRecord(
        identity_of(TrialKey("cylinders", sweep.experiment_id, sweep.run_id, name), config, extra), Start(number=1)
    )


def _deliver(sweep: SweepRun, record: TrialRecord, outcome: str, **marks: str) -> str:
    record.ending = Ending(outcome=outcome, at_ms=now_ms(), tags=marks)
    delivery = Delivery(lambda: sweep.client, record)
    delivery()
    return delivery.run_id


def _trial(sweep: SweepRun, dataset: Path, home: Path, name: str, epochs: int) -> str:
    config = small_config(
        **{
            "data.uri": str(dataset),
            "training.epochs": epochs,
            "training.threads": 1,
            "training.optimiser.generator_lr": 4e-3,
            "generator.frame": "body",
            "generator.local.stride": 1,  # what the crafted models change is said texel by texel
            "loss.adversarial": 0.001,
        }
    )
    source = FolderSource(dataset)
    trainer = Trainer(config, source)
    version = source.manifest.digest()
    record = _record(sweep, name, config, {"dataset_version": version})
    while trainer.epoch < epochs:
        report = trainer.train_epoch()
        record.add_epoch(trainer.epoch, report.metrics())
    record.folders = {artifact: home / name / artifact for artifact in ("model", "gallery", "scores")}
    write_scores(trainer.scores, record.folders["scores"])
    trainer.save_model(record.folders["model"])
    write_gallery(trainer.evaluator.samples("val", "given", 2), trainer.atlas, record.folders["gallery"], name)
    marks = model_tags(record.folders["model"], epochs, {"s2s/all": report.metrics()["s2s/all"]})
    run_id = _deliver(sweep, record, "complete", **{tags.DATASET: version}, **marks)
    trainer.close()
    return run_id
