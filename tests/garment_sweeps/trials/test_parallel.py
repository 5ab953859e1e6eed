"""Trainings of several processes without Ray, and who is ended when one of them fails."""

import os
import signal

import psutil
import pytest

from garment_sweeps.experiment import Choice, Experiment, FinalsConfig, ResourcesConfig, Space
from garment_sweeps.settings.environment import Settings, StorageConfig
from garment_sweeps.trials import team as team_module
from garment_sweeps.trials.single import TrainingRequest, train_once
from garment_sweeps.trials.team import Died, Member, Reply, Team
from garment_uv.errors import Infeasible, UserError
from garment_uv.samples.source import FolderSource
from garment_uv.training.trainer import Trainer
from garment_uv.training.trial import TrialConfig
from tests.garment_uv.cylinder import small_config, write_dataset

GENTLE = {"training.optimiser.generator_lr": 1e-6, "training.optimiser.discriminator_lr": 1e-6}
"""Rates at which rounding does not grow (see tests/garment_uv/training/test_parallel.py)."""


@pytest.fixture
def train(tmp_path, monkeypatch):
    """A function of what is called with each result, whether to resume, and where to put the model."""
    monkeypatch.setenv("GARMENT_HOME", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    uri = str(write_dataset(tmp_path / "dataset", train=7))

    def run(report, resume=False, out=None):
        fixed = {"data.uri": uri, "training.threads": 1, "training.epochs": 3, "evaluation.meshes": 1, **GENTLE}
        base = small_config(**fixed, **{"training.processes": 2})
        experiment = Experiment(name="alone", description="", base=base, scheduler=None)
        storage = StorageConfig(uri=str(tmp_path / "store"))
        return train_once(
            experiment, base, TrainingRequest("two", resume, out=out), Settings(tmp_path, storage, "", None), report
        )

    return run


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]


def test_garment_train_with_two_processes_of_which_one_is_killed_goes_on_when_resumed(train, tmp_path):
    def kill(result):
        if result["epoch"] == 2:
            os.kill(children()[-1].pid, signal.SIGKILL)

    with pytest.raises(UserError, match="process 1 of the training died.*--resume"):
        train(kill)
    assert not children()
    seen = []
    last = train(seen.append, resume=True, out=tmp_path / "model")
    assert [result["epoch"] for result in seen] == [3]
    assert set(last["costs"]) == {"seconds_per_image", "memory_mib", "parameters"}
    assert (tmp_path / "model").is_dir() and not children()
    config = small_config(**{"data.uri": str(tmp_path / "dataset"), "training.epochs": 3, **GENTLE})
    trainer = Trainer(config, FolderSource(tmp_path / "dataset"))
    alone = [trainer.train_epoch().s2s.all.mean_mm for _ in range(3)]
    assert last["s2s_mm"] == pytest.approx(alone[-1], rel=1e-4)


class Scripted(Team):
    """Processes that answer what they were told to; one that was told nothing never answers."""

    def __init__(self, *answers: Reply | None) -> None:
        super().__init__(len(answers))
        self.answers, self.ended = answers, False

    def send(self, rank, method, arguments) -> None:
        pass

    def wait(self, ranks, seconds):
        there = {rank: self.answers[rank] for rank in ranks if self.answers[rank] is not None}
        assert there or seconds is not None, "waits for ever"
        return there

    def end(self) -> None:
        self.ended = True


def test_what_all_find_leaves_them_at_work_and_what_one_finds_ends_the_others(monkeypatch):
    monkeypatch.setattr(team_module, "GRACE_S", 0.0)
    diverged, died = Reply(error=Infeasible("diverged")), Reply(error=Died("killed"))
    agreed = Scripted(diverged, diverged)
    with pytest.raises(Infeasible, match="diverged"):
        agreed.everyone("run_epoch")
    assert not agreed.gone and not agreed.ended
    for answers in ((diverged, None), (None, diverged), (died, diverged), (Reply(1), diverged)):
        one = Scripted(*answers)
        with pytest.raises(Infeasible, match="diverged"):
            one.everyone("run_epoch")
        assert one.gone and one.ended
    lost = Scripted(None, died)
    with pytest.raises(Died, match="killed"):
        lost.everyone("run_epoch")
    assert lost.ended
    with pytest.raises(Died, match="were ended"):
        lost.first("save")
    assert Scripted(Reply("a"), Reply("b")).everyone("epoch") == ["a", "b"]


def test_a_member_says_why_its_work_did_not_open_and_what_went_wrong():
    def refuse():
        raise UserError("no dataset")

    assert str(Member(refuse).answer("epoch", ()).error) == "no dataset"
    member = Member(lambda: "work")
    assert member.answer("upper", ()).value == "WORK"
    error = member.answer("nothing", ()).error
    assert isinstance(error, Died) and "AttributeError" in str(error)


def experiment(processes: int, **changes) -> Experiment:
    base = TrialConfig().with_values({"training.processes": processes})
    return Experiment(name="e", description="", base=base, finals=FinalsConfig(finalists=0), **changes)


def test_an_experiment_holds_the_devices_of_all_processes_and_refuses_shares_of_a_gpu():
    four = experiment(4, resources=ResourcesConfig(cpus=2, gpus=1))
    assert (four.held.cpus, four.held.gpus, four.devices) == (8, 4, 4)
    assert (experiment(2).devices, experiment(1).devices) == (2, 1)
    assert experiment(1, resources=ResourcesConfig(gpus=0.25)).devices == 0.25
    for gpus in (0.5, 2):
        with pytest.raises(UserError, match=f"resources.gpus is {gpus:g} for each of the 2 processes.*gpus=1"):
            experiment(2, resources=ResourcesConfig(gpus=gpus))
    with pytest.raises(UserError, match="training.processes cannot be searched.*base config"):
        experiment(1, space=Space(parameters=(Choice(path="training.processes", options=(1, 2)),)))
