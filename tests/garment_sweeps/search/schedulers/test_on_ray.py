"""Schedulers that pause trials, on a real Ray, with trials that cost nothing."""

from collections import Counter

import optuna
import pytest
from optuna.trial import TrialState

from garment_sweeps.experiment import Budget, Choice, Experiment, Float, HyperBandConfig, MedianConfig, PbtConfig, Space
from garment_sweeps.search.replay import replay
from garment_sweeps.settings.environment import Settings
from garment_sweeps.study.decisions import read_log
from garment_sweeps.study.study import open_storage
from garment_uv.training.trial import TrialConfig
from tests.garment_sweeps.sweeping import run_sweep
from tests.started import started
from tests.tabulated import curve_mm

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("local_ray")]
RATE = "training.optimiser.generator_lr"


@pytest.fixture
def settings(tmp_path, monkeypatch) -> Settings:
    for name in ("GARMENT_STORAGE", "GARMENT_OPTUNA_STORAGE", "RAY_ADDRESS", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GARMENT_HOME", str(tmp_path / "home"))
    return Settings.from_environment()


def experiment(scheduler, trials: int, epochs: int, seed: int = 10) -> Experiment:
    """One option of four is untrainable."""
    return Experiment(
        name="table",
        description="",
        base=TrialConfig().with_values({"training.epochs": epochs, RATE: 1e-3}),
        space=Space(
            parameters=(
                Float(path="loss.adversarial", low=1e-4, high=1.0, log=True),
                Choice(path=RATE, options=(1e-4, 1e-3, 1e-2, 0.9)),
            )
        ),
        trials=trials,
        sampler="random",
        seed=seed,
        try_base=False,
        scheduler=scheduler,
        finals={"finalists": 0},
    )


def run(what: Experiment, settings: Settings, **more):
    return run_sweep(what, settings=settings, work="tabulated", tracked=False, **more)


def study_and_log(what: Experiment, settings: Settings):
    storage = open_storage(settings.study_url)
    return started(optuna.load_study(study_name="table", storage=storage)), read_log(storage.engine, "table")


def check(what: Experiment, settings: Settings) -> list[dict]:
    """Everyone has ended, is known for how far it came, and the log repeats itself."""
    trials, log = study_and_log(what, settings)
    results = [(event["trial"], event["epoch"]) for event in log if event["kind"] == "result"]
    assert len(results) == len(set(results))
    assert replay(log).differences == ()
    for trial in trials:
        last = max(trial.intermediate_values, default=0)
        assert trial.state != TrialState.RUNNING
        if trial.state == TrialState.COMPLETE:
            assert last == what.epochs
        if trial.state == TrialState.PRUNED:
            assert 0 < last < what.epochs and trial.value == trial.intermediate_values[last]
            assert f"stopped at epoch {last}" in trial.user_attrs["garment.reason"]
    return log


def test_hyperband_halves_brackets_that_are_not_full_and_have_failures_in_them(settings):
    what = experiment(HyperBandConfig(reduction=2), trials=9, epochs=4)  # two brackets of 3, and 3 more for one of 4
    report = run(what, settings)
    assert report.ended == 9 and report.interrupted == 0
    kinds = Counter(event["kind"] for event in check(what, settings))
    assert report.failed == 2 and report.pruned >= 1 and report.complete >= 3
    # Who comes last to a rung never pauses: it goes on or is stopped at once, and which of the two hangs on who it is.
    assert kinds["pause"] >= kinds["wake"] > 0 and kinds["stop"] == report.pruned


def test_hyperband_goes_on_after_a_budget_cut_it_with_the_trials_that_wait(settings):
    what = experiment(HyperBandConfig(reduction=2), trials=6, epochs=4)
    # One trial's epochs alone are more than the budget, so that it ends before any trial can.
    cut = run(what, settings, seconds_per_epoch=0.5, budget=Budget(gpu_hours=1.5 / 3600))
    assert cut.interrupted >= 1
    whole = run(what, settings, resume=True, budget=Budget(gpu_hours=1.0))
    assert (whole.ended, whole.interrupted) == (6, 0)
    check(what, settings)


def test_median_stops_some_and_lets_the_others_train_to_their_end(settings):
    what = experiment(MedianConfig(grace_epochs=2, min_trials=2), trials=8, epochs=4)
    report = run(what, settings)
    assert report.ended == 8 and report.pruned >= 1 and report.complete >= 3
    log = check(what, settings)
    for event in log:
        if event["kind"] == "stop":
            assert event["inputs"]["best_mm"] > event["inputs"]["median_mm"]
            assert event["epoch"] >= 2


def test_a_population_copies_its_best_and_trains_on_with_the_new_values(settings):
    scheduler = PbtConfig(interval_epochs=2, quantile=0.3, paths=("loss.adversarial",))
    what = experiment(scheduler, trials=4, epochs=5)
    report = run(what, settings)
    assert report.ended == 4 and report.pruned == 0
    log = check(what, settings)
    trials, _ = study_and_log(what, settings)
    schedules = {f"t{trial.number:05d}": trial.user_attrs.get("garment.schedule", []) for trial in trials}
    exploits = [event for event in log if event["kind"] == "exploit"]
    assert len(exploits) == sum(map(len, schedules.values())) >= 2
    values = {event["trial"]: event["values"] for event in log if event["kind"] == "add"}
    for trial in trials:
        name = f"t{trial.number:05d}"
        for epoch, value in trial.intermediate_values.items():
            changes = [entry for entry in schedules[name] if entry["source_epoch"] < epoch]
            now = changes[-1]["values"] if changes else values[name]
            assert value == pytest.approx(curve_mm(what.base.with_values(now), epoch)), (name, epoch)
    for entry in exploits:
        assert "checkpoint_" in entry["checkpoint"] and entry["from"] in entry["checkpoint"]
        assert entry["source_epoch"] == entry["epoch"]
