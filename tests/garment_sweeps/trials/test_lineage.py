"""A trial that goes on from another's weights: from the right checkpoint, with the new values, also after a crash."""

import shutil
from pathlib import Path

import pytest
import torch

from garment_sweeps.tracking import tags
from garment_sweeps.tracking.runs import find_sweep, trials_of
from garment_sweeps.trials.checkpoints import KEPT_FOR, TrialStore
from garment_sweeps.trials.job import TrialJob
from garment_sweeps.trials.lineage import CHANGES, SCHEDULE, Lineage, copied_checkpoint
from garment_sweeps.trials.opening import WORK_FOLDER
from garment_sweeps.trials.work import OpenWork, open_training
from tests.garment_sweeps.trials.tracked import points, tracked
from tests.garment_uv.cylinder import small_config, write_dataset
from tests.tabulated import curve_mm, tabulated

PATH = "loss.adversarial"


class Trial:
    """One trial through as many processes as a test wants; its checkpoints lie in the storage as Tune puts them."""

    def __init__(self, context, tmp_path: Path, number: int, value: float, open_work: OpenWork | None = None) -> None:
        self.context = context
        self.open_work = open_work or tabulated()
        self.tune = {"id": f"t{number:05d}", "number": number, CHANGES: [PATH], SCHEDULE: []}
        self.values = {PATH: value}
        self.folder = tmp_path / f"local{number}"
        self.store = TrialStore.open(context.storage, context.sweep, self.tune["id"], context.session)
        self.saved = 0
        self.job: TrialJob | None = None

    def start(self, checkpoint: Path | None = None) -> TrialJob:
        if self.job is not None:
            self.job.close()
        self.job = TrialJob(self.context, self.tune, self.values, checkpoint, open_work=self.open_work)
        return self.job

    def train(self, epochs: int = 1, save: bool = True) -> list[dict]:
        results = []
        for _ in range(epochs):
            results.append(self.job.step())
            if save:
                self.save()
        return results

    def save(self) -> Path:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.job.save(self.folder)
        self.saved += 1
        self.store.put(self.folder, self.saved)
        return self.folder

    def exploit(self, source: "Trial", value: float) -> dict:
        entry = {"epoch": self.job._epoch, "from": source.tune["id"], "source_epoch": source.job._epoch}
        lineage = len(self.tune[SCHEDULE]) + 1
        copied = copied_checkpoint(self.context, source.tune["id"], self.tune["id"], lineage)
        entry |= {"values": {PATH: value}, **copied}
        self.tune = {**self.tune, SCHEDULE: [*self.tune[SCHEDULE], entry]}
        return entry

    def kept(self) -> list[str]:
        """Files that keep this trial's checkpoints for others."""
        return sorted(p.name for p in Path(self.store.sweep_path).glob(f"{self.tune['id']}.s*/*/{KEPT_FOR}*"))


@pytest.fixture
def best(context, tmp_path):
    trial = Trial(context, tmp_path, 0, 0.01)
    trial.start()
    trial.train(3)
    return trial


@pytest.fixture
def worst(context, tmp_path):
    trial = Trial(context, tmp_path, 1, 1.0)
    trial.start()
    trial.train(3)
    return trial


def curve(context, value: float, epoch: int) -> float:
    return curve_mm(context.base.with_values({PATH: value}), epoch)


def test_it_goes_on_at_the_copied_epoch_with_the_new_value(context, best, worst):
    best.train(1)
    entry = worst.exploit(best, 0.02)
    assert (entry["source_epoch"], entry["epoch"]) == (4, 3)
    worst.start()
    (result,) = worst.train()
    assert (result["epoch"], result["s2s_mm"]) == (5, curve(context, 0.02, 5))


def test_its_own_checkpoints_from_before_are_not_taken_not_even_when_tune_brings_one(context, best, worst, capsys):
    local = worst.save()
    best.train(1)
    worst.exploit(best, 0.02)
    worst.start(checkpoint=local)
    assert worst.train()[0]["epoch"] == 5
    assert "from before the trial went on with other values" in capsys.readouterr().out


def test_killed_before_its_first_checkpoint_it_copies_again_and_after_it_goes_on_from_its_own(context, best, worst):
    best.train(1, save=False)
    worst.exploit(best, 0.02)
    worst.start()
    assert worst.train(1, save=False)[0]["epoch"] == 4
    worst.start()
    assert worst.train(1)[0]["epoch"] == 4
    worst.start()
    assert worst.train(1)[0]["epoch"] == 5


def test_the_copied_checkpoint_is_kept_until_the_trial_has_its_own(context, best, worst):
    entry = worst.exploit(best, 0.02)
    best.train(1)
    best.start()
    best.train(1)
    assert Path(entry["checkpoint"]).exists() and len(best.store.checkpoints()) == 3
    assert best.kept() == [f"{KEPT_FOR}t00001.1"]
    worst.start()
    worst.train(1)
    assert best.kept() == [f"{KEPT_FOR}t00001.1"]  # what was just written may not have reached the storage
    worst.train(1)
    assert best.kept() == []
    best.save()
    best.save()
    assert not Path(entry["checkpoint"]).exists()


def test_changed_twice_only_the_last_change_counts_and_nothing_is_kept_for_the_first(context, best, worst):
    worst.exploit(best, 0.02)
    worst.start()
    worst.train(1, save=False)
    best.train(1)
    worst.exploit(best, 0.03)
    assert len(best.kept()) == 2
    worst.start()
    (result,) = worst.train()
    assert (result["epoch"], result["s2s_mm"]) == (5, curve(context, 0.03, 5))
    worst.save()
    assert best.kept() == []


def test_without_the_copied_checkpoint_its_own_weights_go_on_with_the_new_values(context, best, worst):
    entry = worst.exploit(best, 0.02)
    shutil.rmtree(entry["checkpoint"])
    worst.start()
    (result,) = worst.train()
    assert (result["epoch"], result["s2s_mm"]) == (4, curve(context, 0.02, 4))


def test_a_change_that_no_record_was_kept_of_is_as_if_it_had_never_been(context, best, worst):
    before = worst.tune
    worst.exploit(best, 0.02)
    worst.start()
    worst.train(1)
    worst.tune = before
    worst.start()
    (result,) = worst.train()
    assert (result["epoch"], result["s2s_mm"]) == (4, curve(context, 1.0, 4))


def test_a_torn_checkpoint_is_not_copied(context, best, worst):
    newest = best.store.checkpoints()[0]
    (Path(newest) / "trial.json").write_text("{")
    assert copied_checkpoint(context, "t00000", "t00001", 1)["source_epoch"] == 2
    assert copied_checkpoint(context, "t00077", "t00001", 1) == {}


def test_what_may_change_is_in_the_curves(context):
    plain = Lineage.of({"id": "t00000", "number": 0})
    assert (plain.count, plain.metrics({PATH: 1.0}), plain.values({PATH: 1.0})) == (0, {}, {PATH: 1.0})
    entry = {"epoch": 2, "from": "t1", "source_epoch": 2, "values": {PATH: 0.5, "generator.target": "position"}}
    changed = Lineage.of({CHANGES: [PATH, "generator.target"], SCHEDULE: [entry]})
    assert changed.metrics({}) == {f"searched/{PATH}": 0.5}


def test_a_real_training_has_the_copied_weights_and_the_new_losses(context, tmp_path):
    dataset = write_dataset(tmp_path / "dataset")
    changes = {"training.epochs": 4, "training.threads": 1, "evaluation.max_samples": 2, PATH: 0.01}
    base = small_config(**changes).with_values({"data.uri": str(dataset)})
    context = context.model_copy(update={"base": base})
    best, worst = (Trial(context, tmp_path, number, value, open_training) for number, value in ((0, 0.01), (1, 0.5)))
    for trial in (best, worst):
        trial.start()
        trial.train(1)
    worst.exploit(best, 0.0)
    worst.start()
    state, copied = (t.job._work._trainer.generator.state_dict() for t in (worst, best))
    assert all(torch.equal(state[name], value) for name, value in copied.items())
    assert worst.train()[0]["epoch"] == 2
    assert worst.job._work._trainer.config.loss.adversarial == 0.0
    worst.start(checkpoint=worst.folder)  # as Tune restores it after a crash
    assert worst.job._epoch == 2 and (worst.folder / WORK_FOLDER).exists()


def test_mlflow_holds_its_own_curve_and_the_values_epoch_by_epoch(context, tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", url)
    run, context = tracked(context, url, "s")
    best, worst = Trial(context, tmp_path, 0, 0.01), Trial(context, tmp_path, 1, 1.0)
    for trial in (best, worst):
        trial.start()
        trial.train(2)
    worst.exploit(best, 0.02)
    worst.start()
    assert worst.train(3)[-1]["done"]
    best.job.close()
    found = {trial.data.tags[tags.TRIAL]: trial for trial in trials_of(run.client, find_sweep(run.client, "s"))}
    mine = found["t00001"]
    values = [1.0, 1.0, 0.02, 0.02, 0.02]
    assert points(run, mine.info.run_id, f"searched/{PATH}") == list(enumerate(values, start=1))
    told = [(epoch, curve(context, value, epoch)) for epoch, value in enumerate(values, start=1)]
    assert points(run, mine.info.run_id) == told
    assert float(mine.data.params[f"searched/{PATH}"]) == 1.0  # with which it began
    assert mine.data.tags[tags.OUTCOME] == "complete"
    assert len(points(run, found["t00000"].info.run_id)) == 2
