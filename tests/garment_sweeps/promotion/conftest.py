"""A sweep of two trained trials on the cylinder dataset, in a local MLflow store of its own."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from garment_sweeps.tracking import SweepRun, TrialRun, tags, tracking_uri
from garment_uv.metrics.baseline_tables import baseline_tables
from garment_uv.reconstruction.gallery import write_gallery
from garment_uv.samples.source import FolderSource
from garment_uv.training.trainer import Trainer
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
    dataset = write_dataset(home / "dataset", train=24, val=4, test=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GARMENT_HOME", str(home))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        sweep = SweepRun.start("promotion", "cylinders", {"trials": 3})
        source = FolderSource(dataset)
        sweep.log_baselines({name: table.to_dict() for name, table in baseline_tables(source, "val").items()})
        lengths = {"good": EPOCHS, "poor": 1}
        runs = {name: _trial(sweep, dataset, home, name, epochs) for name, epochs in lengths.items()}
        stopped = TrialRun.open(*_ids(sweep), "stopped", small_config(), {}, 1)
        stopped.log_epoch({"epoch": 1, "s2s/all": 0.5}, 1)
        stopped.finish("pruned")
        runs["stopped"] = stopped.run_id
    return Tracked(home, dataset, "cylinders", runs)


@pytest.fixture
def tracked(trained_home, monkeypatch) -> Tracked:
    """The sweep, with this process looking at its home."""
    monkeypatch.setenv("GARMENT_HOME", str(trained_home.home))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return trained_home


def _ids(sweep: SweepRun) -> tuple[str, str, str]:
    return tracking_uri(), sweep.experiment_id, sweep.run_id


def _trial(sweep: SweepRun, dataset: Path, home: Path, name: str, epochs: int) -> str:
    config = small_config(
        **{
            "data.uri": str(dataset),
            "training.epochs": epochs,
            "training.threads": 1,
            "training.optimiser.generator_lr": 4e-3,
            "generator.frame": "body",
            "loss.adversarial": 0.001,
        }
    )
    source = FolderSource(dataset)
    trainer = Trainer(config, source)
    run = TrialRun.open(*_ids(sweep), name, config, {"dataset_version": source.manifest.digest()}, 1)
    run.set_tags({tags.DATASET: source.manifest.digest()})
    while trainer.epoch < epochs:
        report = trainer.train_epoch()
        run.log_epoch(report.metrics(), trainer.epoch)
    trainer.save_model(home / name / "model")
    run.log_checkpoint(home / name / "model", epochs, {"s2s/all": report.metrics()["s2s/all"]})
    write_gallery(trainer.evaluator.samples("val", "given", 2), trainer.atlas, home / name / "gallery", name)
    run.log_artifacts_folder(home / name / "gallery", "gallery")
    run.finish("complete")
    trainer.close()
    return run.run_id
