"""A training from beginning to end: its files, its going on after a stop, and what it refuses."""

import math

import pytest

from garment_uv.errors import Infeasible, UserError
from garment_uv.metrics.aggregate import S2STable
from garment_uv.samples.source import FolderSource
from garment_uv.training import run
from garment_uv.training.model_file import load_model
from garment_uv.training.run import read_curve, train_to_end
from garment_uv.training.trainer import Trainer
from tests.garment_uv.cylinder import small_config

CHANGES = {"training.epochs": 3, "training.threads": 1, "evaluation.max_samples": 2, "evaluation.predicted": "never"}


def losses(folder):
    return [
        {name: value for name, value in epoch.items() if name != "seconds" and not name.startswith("data/")}
        for epoch in read_curve(folder)
    ]


def test_a_stopped_training_goes_on_and_a_finished_one_is_not_repeated(dataset, tmp_path, monkeypatch):
    source, config = FolderSource(dataset), small_config(**CHANGES)
    whole = train_to_end(config, source, tmp_path / "whole", ("val",))
    assert len(read_curve(tmp_path / "whole")) == 3 and whole["reason"] == ""
    table = S2STable.from_plain(whole["tables"]["val"]["given"])
    assert 0 < table.all.mean_mm < 100 and table.all.samples == 6
    assert not (tmp_path / "whole" / "checkpoint").exists()
    assert load_model(tmp_path / "whole" / "model")[1] == config

    def stop(metrics):
        if metrics["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_to_end(config, source, tmp_path / "stopped", ("val",), stop)
    resumed = train_to_end(config, source, tmp_path / "stopped", ("val",))
    assert resumed["tables"] == whole["tables"] and losses(tmp_path / "stopped") == losses(tmp_path / "whole")

    monkeypatch.setattr(run, "Trainer", None)  # nothing is trained any more
    assert train_to_end(config, source, tmp_path / "whole", ("val",)) == whole
    with pytest.raises(UserError, match="another config or dataset"):
        train_to_end(config.with_values({"seed": 1}), source, tmp_path / "whole", ("val",))


def test_what_proves_infeasible_is_a_result_with_its_reason(dataset, tmp_path, monkeypatch):
    def diverge(self):
        raise Infeasible("diverged: S2S of 900 mm")

    monkeypatch.setattr(Trainer, "train_epoch", diverge)
    found = train_to_end(small_config(**CHANGES), FolderSource(dataset), tmp_path / "run", ("val",))
    assert found["reason"].startswith("diverged") and found["tables"] == {} and math.isclose(found["seconds"], 0)
    assert train_to_end(small_config(**CHANGES), FolderSource(dataset), tmp_path / "run", ("val",)) == found
