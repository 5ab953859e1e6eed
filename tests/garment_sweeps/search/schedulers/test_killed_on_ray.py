"""kill -9 of drivers and workers while trials wait for each other: the study is that of a sweep left alone.

Neither HyperBand nor population based training decides by who was faster here, so what a sweep without Ray and
without kills finds is what must be found.
"""

import json
import time

import pytest

from garment_sweeps.experiment import Experiment, FinalsConfig, HyperBandConfig, PbtConfig
from garment_sweeps.search.replay import replay
from garment_sweeps.search.schedulers import RecordedScheduler
from garment_sweeps.study.decisions import read_log
from garment_sweeps.study.study import open_storage, trial_name
from tests.chaos.driver import SupervisedDriver
from tests.chaos.plan import Kill, plan_kills
from tests.chaos.progress import Progress
from tests.chaos.records import study_trials
from tests.chaos.run import HOLD_AFTER, chaos_experiment
from tests.chaos.stage import Stage, open_stage
from tests.garment_sweeps.search.schedulers.mini_tune import FakeTrial, ListLog, MiniTune, Sweep
from tests.tabulated import TOO_LARGE_RATE, curve_mm

VICTIMS = ("driver", "worker")
SCHEDULERS = {
    "hyperband": HyperBandConfig(reduction=2),
    "pbt": PbtConfig(interval_epochs=2, quantile=0.5, paths=("loss.adversarial",)),
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    with open_stage(tmp_path_factory.mktemp("stage"), VICTIMS, nodes=1, light=True) as stage:
        yield stage


def experiment(kind: str, trials: int, epochs: int) -> Experiment:
    values = {"scheduler": SCHEDULERS[kind], "try_base": False, "finals": FinalsConfig(finalists=0), "name": kind}
    return chaos_experiment(trials, epochs, seed=2).model_copy(update=values)


class TabulatedSweep(Sweep):
    """Trials whose curves follow from the values that they have at the moment."""

    experiment: Experiment

    def curve(self, trial: FakeTrial) -> list[float | None]:
        schedule = trial.config["trial"].get("schedule")
        values = schedule[-1]["values"] if schedule else trial.config["values"]
        config = self.experiment.base.with_values(values)
        return [curve_mm(config, epoch) for epoch in range(1, self.experiment.epochs + 1)]


def left_alone(what: Experiment, values: dict[str, dict], context: dict) -> dict[str, dict[int, float]]:
    """The curve of every trial, as far as it comes."""
    untrainable = {name for name, own in values.items() if own["training.optimiser.generator_lr"] > TOO_LARGE_RATE}
    sweep = TabulatedSweep(values, values=values, fail_at=dict.fromkeys(untrainable, 1))
    sweep.experiment = what
    log = ListLog()
    sweep.run(MiniTune(RecordedScheduler(what, log), context=context))
    curves = {name: {} for name in values}
    for event in log.events:
        if event["kind"] in ("result", "leave") and event["value"] is not None:
            curves[event["trial"]][event["epoch"]] = event["value"]
    return curves


def run_under(kills: list[Kill], what: Experiment, stage: Stage, folder) -> str:
    """Runs the sweep to its end and returns the URL of its study."""
    home = folder / "home"
    home.mkdir()
    file, log = folder / "experiment.json", folder / "driver.log"
    file.write_text(json.dumps(what.plain()))
    environment = {**stage.environment, "GARMENT_HOME": str(home)}
    over = folder / "kills-are-over"
    hold = ["--hold-at", str(max(kill.after_epochs for kill in kills) + HOLD_AFTER), "--until", str(over)]
    driver = SupervisedDriver([str(file), "--tabulated", "0.3", "--untracked", *hold], environment, log)
    url = f"sqlite:///{home / 'optuna.db'}"
    progress = Progress(url, what.name, driver)
    try:
        for kill in kills:
            assert progress.wait_for(kill.after_epochs), log.read_text()[-3000:]
            time.sleep(kill.delay_s / 2)
            if kill.victim == "driver":
                while driver.kill() is None and not driver.done:
                    time.sleep(0.05)
            else:
                stage.kill(kill.victim, kill.pick)
        over.touch()
        progress.wait_for(None)
        assert driver.good, log.read_text()[-3000:]
        assert driver.starts == 1 + sum(kill.victim == "driver" for kill in kills)
    finally:
        driver.stop()
    return url


@pytest.mark.cluster
@pytest.mark.parametrize(("kind", "trials", "epochs"), [("hyperband", 7, 4), ("pbt", 4, 5)])
def test_trials_that_wait_for_each_other_outlive_kills_and_find_the_same(
    kind, trials, epochs, stage, tmp_path, context
):
    what = experiment(kind, trials, epochs)
    url = run_under(plan_kills(2, VICTIMS, trials * epochs // 2, seed=4), what, stage, tmp_path)
    found = study_trials(url, kind)
    assert [trial.number for trial in found] == list(range(trials))
    assert all(trial.state.is_finished() for trial in found)
    expected = left_alone(what, {trial_name(trial.number): trial.params for trial in found}, context)
    assert {trial_name(trial.number): trial.intermediate_values for trial in found} == expected
    log = read_log(open_storage(url).engine, kind)
    results = [(event["trial"], event["epoch"]) for event in log if event["kind"] == "result"]
    assert len(results) == len(set(results))
    assert replay(log).differences == ()
    if kind == "pbt":
        schedules = [trial.user_attrs.get("garment.schedule", []) for trial in found]
        assert sum(map(len, schedules)) == sum(event["kind"] == "exploit" for event in log) >= 2
