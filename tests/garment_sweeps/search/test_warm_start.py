"""What earlier sweeps in a real MLflow store give a new one."""

import json

import pytest
from mlflow.entities import Metric, Param

from garment_sweeps.experiment import Choice, ConstraintConfig, Float, Integer, Space
from garment_sweeps.search.sampler import make_sampler
from garment_sweeps.search.seen import SeenStudy
from garment_sweeps.search.warm_start import BEST, head_start, known_trials
from garment_sweeps.tracking import SweepRun, tags
from garment_uv.errors import UserError
from tests.garment_sweeps.studies import make_experiment

RATE, WEIGHT = "training.optimiser.generator_lr", "loss.adversarial"
VERSION = "dataset-1"


@pytest.fixture
def tracked(tmp_path, monkeypatch):
    """A function that records an earlier sweep: trials as (changes, mm, outcome)."""
    monkeypatch.setenv("GARMENT_HOME", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def record(
        name: str, trials: list, base=None, version=VERSION, searched=(RATE, WEIGHT), ended_with=None, **measured
    ) -> None:
        """`measured` are other metrics, by name with '_' for the first '/', as a function of the trial's number."""
        sweep = SweepRun.start("table", name, {})
        base = base or make_experiment().base
        for number, (changes, mm, outcome) in enumerate(trials):
            marks = {tags.PARENT: sweep.run_id, tags.TRIAL: f"t{number:05d}", tags.OUTCOME: outcome}
            run = sweep.client.create_run(sweep.experiment_id, run_name=f"t{number:05d}", tags=marks)
            config = base.with_values(changes).flat()
            params = {**config, **{f"searched/{path}": config[path] for path in searched}, "dataset_version": version}
            metrics = {"s2s/all": mm, "costs/parameters": 1000.0 + number}
            metrics |= {f"searched/{path}": value for path, value in (ended_with or {}).items()}
            metrics |= {name.replace("_", "/", 1): value_of(number) for name, value_of in measured.items()}
            sweep.client.log_batch(
                run.info.run_id,
                metrics=[Metric(name, value, 0, 0) for name, value in metrics.items()],
                params=[Param(path, v if isinstance(v, str) else json.dumps(v)) for path, v in params.items()],
            )

    return record


def at(rate: float, weight: float, mm: float, outcome: str = "complete") -> tuple:
    return {RATE: rate, WEIGHT: weight}, mm, outcome


def test_complete_trials_of_the_same_training_are_known(tracked):
    tracked("old", [at(1e-3, 0.1, 20.0), at(2e-3, 0.2, 30.0, "pruned"), at(4e-3, 0.3, 25.0)])
    experiment = make_experiment()
    start = head_start(experiment, ["old"], VERSION)
    assert [(entry["values"], entry["results"]) for entry in start.known] == [
        ({RATE: 1e-3, WEIGHT: 0.1}, [20.0]),
        ({RATE: 4e-3, WEIGHT: 0.3}, [25.0]),
    ]
    assert start.known[0]["from"] == "old/t00000" and start.planned == ()
    assert known_trials(experiment, start.known)[1]["params"] == {RATE: 4e-3, WEIGHT: 0.3}


def test_a_config_that_changed_in_mid_training_is_tried_as_it_ended_and_its_result_is_not_taken(tracked):
    tracked("population", [at(1e-3, 0.1, 20.0)], ended_with={WEIGHT: 0.4})
    start = head_start(make_experiment(), ["population"], VERSION)
    assert start.known == () and start.planned == ({RATE: 1e-3, WEIGHT: 0.4},)
    tracked("unchanged", [at(1e-3, 0.1, 20.0)], ended_with={WEIGHT: 0.1})
    assert len(head_start(make_experiment(), ["unchanged"], VERSION).known) == 1


@pytest.mark.parametrize("difference", ["epochs", "dataset", "another field"])
def test_results_of_another_training_are_not_taken_but_its_best_configs_are_tried_first(tracked, difference):
    base = make_experiment().base
    if difference == "epochs":
        base = base.with_values({"training.epochs": 3})
    if difference == "another field":
        base = base.with_values({"loss.uv": 7.0})
    version = "dataset-2" if difference == "dataset" else VERSION
    tracked("old", [at(1e-3 + 1e-4 * n, 0.1, 30.0 - n) for n in range(BEST + 3)], base, version)
    start = head_start(make_experiment(), ["old"], VERSION)
    assert start.known == ()
    assert len(start.planned) == BEST
    assert start.planned[0] == pytest.approx({RATE: 1e-3 + 1e-4 * (BEST + 2), WEIGHT: 0.1})


def test_another_space_gives_what_fits_and_the_base_gives_the_rest(tracked):
    searched = (RATE, "generator.local.mode", "generator.residual_blocks")
    changes = {RATE: 5e-2, "generator.local.mode": "shared", "generator.residual_blocks": 2}
    tracked("old", [(changes, 20.0, "complete")], searched=searched)
    space = Space(
        parameters=(
            Float(path=RATE, low=1e-4, high=1e-2, log=True),  # the old rate lies outside
            Choice(path="generator.local.mode", options=("shared", "per_class")),
            Integer(path="generator.local.depth", low=1, high=2),  # never searched before
        )
    )
    (plan,) = head_start(make_experiment(space=space), ["old"], VERSION).planned
    assert plan == {RATE: 1e-3, "generator.local.mode": "shared", "generator.local.depth": 1}


def test_several_objectives_come_along_and_missing_ones_make_a_trial_unknown(tracked):
    tracked("old", [at(1e-3, 0.1, 20.0)])
    both = make_experiment(also_minimise=("parameters",))
    assert head_start(both, ["old"], VERSION).known[0]["results"] == [20.0, 1000.0]
    missing = make_experiment(also_minimise=("memory_mib",))
    assert head_start(missing, ["old"], VERSION).known == ()


def test_a_sweep_for_dresses_takes_another_sweeps_errors_of_dresses(tracked):
    dresses = make_experiment(metric="s2s/Dress")
    tracked("old", [at(1e-3, 0.1, 20.0), at(4e-3, 0.3, 25.0)], s2s_Dress=lambda number: 33.0 - number)
    assert [entry["results"] for entry in head_start(dresses, ["old"], VERSION).known] == [[33.0], [32.0]]
    assert [entry["results"] for entry in head_start(make_experiment(), ["old"], VERSION).known] == [[20.0], [25.0]]
    trials = [at(1e-3, 0.1, 20.0), at(4e-3, 0.3, 25.0)]
    tracked("elsewhere", trials, version="2", s2s_Dress=lambda number: 33.0 - number)
    assert [plan[RATE] for plan in head_start(dresses, ["elsewhere"], VERSION).planned] == [4e-3, 1e-3]
    tracked("without", [at(1e-3, 0.1, 20.0)])
    assert head_start(dresses, ["without"], VERSION).known == ()


def test_known_trials_bring_what_they_exceed_and_the_sampler_hears_of_it(tracked):
    tracked("old", [at(1e-3, 0.1, 20.0), at(4e-3, 0.3, 25.0)], costs_memory_mib=lambda number: 90.0 + 20.0 * number)
    limit = ConstraintConfig(metric="memory_mib", at_most=100.0)
    kept = make_experiment(sampler="tpe_constrained", constraints=(limit,))
    start = head_start(kept, ["old"], VERSION)
    assert [entry["violations"] for entry in start.known] == [{"memory_mib": -10.0}, {"memory_mib": 10.0}]
    seen = SeenStudy(make_sampler("tpe_constrained", 0, 1), 1)
    for trial in known_trials(kept, start.known):
        seen.add_known(**trial)
    assert [trial.constraints for trial in seen._study.trials] == [{"memory_mib": -10.0}, {"memory_mib": 10.0}]
    tracked("unmeasured", [at(1e-3, 0.1, 20.0)])
    assert head_start(kept, ["unmeasured"], VERSION).known == ()


def test_a_sweep_that_gives_nothing_or_is_not_there_is_said(tracked):
    tracked("empty", [at(1e-3, 0.1, 20.0, "failed")])
    with pytest.raises(UserError, match="no complete trial of sweep 'empty' fits"):
        head_start(make_experiment(), ["empty"], VERSION)
    with pytest.raises(UserError, match="no sweep named 'nothing'"):
        head_start(make_experiment(), ["nothing"], VERSION)
