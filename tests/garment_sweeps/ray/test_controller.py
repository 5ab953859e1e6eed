"""What Tune alone does wrong with processes that are used again, and ours does right."""

import json
import os
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.servers.local_ray import CPUS

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("local_ray")]


def ended(folder: Path, controller) -> list[int]:
    """Epochs of two trials, the second of which loses its process once while it takes over the first one's."""
    from ray import tune

    class Mortal(tune.Trainable):
        def setup(self, config):
            self.epoch = 0

        def step(self):
            self.epoch += 1
            return {"epoch": self.epoch, "done": self.epoch == 2}

        def reset_config(self, new_config):
            if not (folder / "died").exists():
                (folder / "died").touch()
                os._exit(1)
            self.epoch = 0
            return True

        def save_checkpoint(self, checkpoint_dir):
            (Path(checkpoint_dir) / "epoch").write_text(str(self.epoch))

        def load_checkpoint(self, checkpoint_dir):
            self.epoch = int((Path(checkpoint_dir) / "epoch").read_text())

    tuner = tune.Tuner(
        tune.with_resources(Mortal, {"cpu": CPUS}),
        param_space={"number": tune.grid_search([0, 1])},
        tune_config=tune.TuneConfig(reuse_actors=True),
        run_config=tune.RunConfig(
            storage_path=str(folder), failure_config=tune.FailureConfig(max_failures=-1), verbose=0
        ),
    )
    with controller():
        results = tuner.fit()
    return sorted((result.metrics or {}).get("epoch", 0) for result in results)


def test_a_trial_that_loses_a_used_process_is_started_again(tmp_path):
    from garment_sweeps.ray.controller import sturdy_controller

    (tmp_path / "bare").mkdir()
    assert ended(tmp_path / "bare", nullcontext) == [0, 2], "Ray has been mended: ray/controller.py can go"
    (tmp_path / "ours").mkdir()
    assert ended(tmp_path / "ours", lambda: sturdy_controller(lambda: 1)) == [2, 2]


def test_short_trials_fill_all_places(experiment, settings, monkeypatch):
    """Of four places, with trials that are over before another process has started."""
    from garment_sweeps.search.searcher import StudySearcher
    from tests.garment_sweeps.sweeping import run_sweep

    def processes() -> set[int]:
        attempts = (settings.home / "sweeps" / "table").glob("*attempts/*")
        return {json.loads(attempt.read_text())["process"] for attempt in attempts}

    suggest = StudySearcher.suggest

    def until_three(searcher, tune_id):
        return suggest(searcher, tune_id) if len(processes()) < 3 else searcher.FINISHED

    monkeypatch.setattr(StudySearcher, "suggest", until_three)
    # Shorter than a process takes to start, and so many that the first cannot do them all meanwhile.
    short = experiment.with_values({"scheduler": None, "trials": 400, "resources.cpus": 0.5})
    run_sweep(short, settings=settings, work="tabulated", seconds_per_epoch=0.2, tracked=False)
    assert len(processes()) >= 3
