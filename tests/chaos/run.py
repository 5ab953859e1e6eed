"""One tabulated sweep under kills, and what came of it."""

import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from garment_sweeps.experiment import Experiment, FinalsConfig, Float, Space
from garment_sweeps.settings.environment import Settings, StorageConfig
from garment_sweeps.study.copies import EVERY_S
from garment_sweeps.study.decisions import Event
from garment_uv.training.trial import TrialConfig
from tests.chaos.driver import Ended, SupervisedDriver
from tests.chaos.log import events_of, faults_of_log
from tests.chaos.plan import Kill
from tests.chaos.progress import Progress
from tests.chaos.records import ended_trials, faults_of_parking, faults_of_study, faults_of_tracking, study_trials
from tests.chaos.stage import Stage
from tests.chaos.strikes import Blow, Strikes
from tests.garment_sweeps.sweeping import run_sweep

HOLD_AFTER = 4
"""Epochs after the one that the last kill waits for, at which the sweep waits for that kill where it is late."""


@dataclass
class Outcome:
    """What came of a sweep under kills."""

    blows: list[Blow] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """Everything lost, doubled or wrong, in words."""
    driver_starts: int = 0
    driver_ends: list[Ended] = field(default_factory=list)
    """Ends of a driver that no kill caused; its supervisor started it again."""
    seconds: float = 0.0
    looks: list[tuple[float, int]] = field(default_factory=list)
    """Unix time, s, and epochs reported by then."""
    events: list[Event] = field(default_factory=list)
    """The decision log."""

    def went_on_after(self, blow: Blow) -> float | None:
        """Seconds from a kill to the next epoch that the study heard of; None where none came."""
        return next((at - blow.at for at, epochs in self.looks if at > blow.at and epochs > blow.epochs), None)


def chaos_experiment(trials: int, epochs: int, seed: int) -> Experiment:
    """Short tabulated trials, a few of them untrainable, from a seeded random sampler without scheduler."""
    return Experiment(
        name="chaos",
        description="a tabulated sweep under kill -9",
        base=TrialConfig().with_values({"training.epochs": epochs, "training.optimiser.generator_lr": 1e-3}),
        space=Space(
            parameters=(
                Float(path="loss.adversarial", low=1e-4, high=1.0, log=True),
                Float(path="training.optimiser.generator_lr", low=1e-4, high=0.7, log=True),
            )
        ),
        trials=trials,
        sampler="random",
        seed=seed,
        scheduler=None,
        finals=FinalsConfig(finalists=0),
    )


def sweep_under_kills(
    stage: Stage,
    folder: Path,
    experiment: Experiment,
    kills: list[Kill],
    seconds_per_epoch: float,
    tracked: bool,
    refused: tuple[str, int] | None = None,
    copy_every_s: float = EVERY_S,
    say: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """Runs the sweep to its end while its parts are killed, and compares it with the table and an undisturbed run.

    Args:
        stage: with everything running.
        folder: of the stage; the driver's log comes there too.
        experiment: from `chaos_experiment`.
        kills: in the order in which they are done.
        seconds_per_epoch: of the tabulated work.
        tracked: with MLflow.
        refused: trial and epoch that MLflow never takes.
        copy_every_s: seconds between copies of the sweep's state.
        say: hears of every kill.
    """
    file, log = folder / "experiment.json", folder / "driver.log"
    file.write_text(json.dumps(experiment.plain()))
    arguments = [str(file), "--tabulated", str(seconds_per_epoch), *([] if tracked else ["--untracked"])]
    over, hold = folder / "kills-are-over", folder / "hold"
    arguments += ["--hold-at", str(max(kill.after_epochs for kill in kills) + HOLD_AFTER), "--until", str(over)]
    arguments += ["--hold-while", str(hold), "--copy-every", str(copy_every_s)]
    url = stage.environment.get("GARMENT_OPTUNA_STORAGE") or f"sqlite:///{folder / 'home' / 'optuna.db'}"
    outcome, began = Outcome(), time.time()
    driver = SupervisedDriver(arguments, stage.environment, log)
    progress = Progress(url, experiment.name, driver)
    strikes = Strikes(stage, driver, progress, experiment.name, hold)
    try:
        for kill in kills:
            if not progress.wait_for(kill.after_epochs):
                break
            time.sleep(kill.delay_s)
            blow = strikes.strike(kill)
            outcome.blows.append(blow)
            say(f"{blow.at - began:7.1f} s  {blow.epochs:5} epochs  kill {kill.number}: {kill.victim}, {blow.whom}")
        over.touch()
        progress.wait_for(None)
        stage.settle()
    except TimeoutError as error:
        outcome.faults.append(f"the sweep hangs: {error}")
    finally:
        driver.stop()
        outcome.faults += strikes.faults
        outcome.looks = progress.looks
        outcome.seconds = time.time() - began
        outcome.driver_starts, outcome.driver_ends = driver.starts, driver.ends
    if len(outcome.blows) < len(kills):
        outcome.faults.append(f"only {len(outcome.blows)} of {len(kills)} kills were done before the sweep ended")
    if not driver.good:
        outcome.faults.append(f"the sweep did not come to its end; see {log}")
    trials = study_trials(url, experiment.name)
    outcome.events = events_of(url, experiment.name)
    outcome.faults += faults_of_log(outcome.events, experiment.trials)
    outcome.faults += faults_of_study(trials, experiment)
    if tracked:
        uri = stage.environment.get("MLFLOW_TRACKING_URI") or f"sqlite:///{folder / 'home' / 'mlflow.db'}"
        outcome.faults += faults_of_tracking(trials, experiment, uri, refused)
    if refused:
        if not stage.parts.tracking.refused:
            outcome.faults.append(f"MLflow was never told of epoch {refused[1]} of {refused[0]}, so it refused nothing")
        storage = Settings.from_environment().storage
        outcome.faults += faults_of_parking(experiment.name, storage, refused, driver.said())
    if ended_trials(trials, experiment) != ended_trials(undisturbed(experiment, stage), experiment):
        outcome.faults.append("the study's set of configs, curves and values is not that of an undisturbed sweep")
    return outcome


def undisturbed(experiment: Experiment, stage: Stage) -> list:
    """The trials of the same sweep on the same nodes, left alone."""
    with tempfile.TemporaryDirectory(prefix="garment-calm-") as folder:
        home = Path(folder)
        url = f"sqlite:///{home / 'optuna.db'}"
        settings = Settings(home, StorageConfig(uri=str(home / "sweeps")), url, stage.environment["RAY_ADDRESS"])
        run_sweep(experiment, settings=settings, work="tabulated", tracked=False)
        return study_trials(url, experiment.name)
