"""A resumed sweep goes on with all that it was begun with, and says each field in which a caller differs."""

from dataclasses import replace

import pytest

from garment_sweeps.experiment import Budget
from garment_sweeps.study.spec import SweepRequest, SweepSpec
from garment_sweeps.study.state import sweep_state
from garment_uv.errors import UserError

BUDGET = Budget(gpu_hours=40.0, wall_hours=2.0)


@pytest.fixture
def begun(settings, experiment):
    """Settings of a sweep that was begun with everything that can be given."""
    given = SweepRequest(changed(experiment), 100, BUDGET, (), {"loss.uv": 2.0})
    with sweep_state(settings, replace(given, name="table")):
        pass
    return settings


def changed(experiment, **values):
    base = experiment.base.with_values({"loss.uv": 2.0, **values})
    return type(experiment)(**{**experiment.plain(), "base": base.plain()})


def resumed(settings, **given):
    with sweep_state(settings, SweepRequest(**given, name="table", resume=True)) as state:
        return state.spec, state.log.read()[-1]


def test_a_name_alone_goes_on_with_everything(begun, experiment):
    spec, event = resumed(begun)
    assert spec == SweepSpec(experiment=changed(experiment), trials=100, budget=BUDGET, overrides={"loss.uv": 2.0})
    assert event["kind"] == "begin" and "changes" not in event
    assert (event["trials"], event["budget"]["gpu_hours"], event["overrides"]) == (100, 40.0, {"loss.uv": 2.0})
    words = spec.words()
    assert "100 trials" in words and "40 GPU-hours" in words and "loss.uv=2.0" in words


def test_an_experiment_given_again_needs_no_overrides(begun, experiment):
    assert resumed(begun, experiment=experiment)[0].experiment.base.loss.uv == 2.0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"overrides": {"loss.uv": 3.0}}, "base.loss.uv was 2.0, now 3.0"),
        ({"trials": 99}, "trials was 100, now 99"),
        ({"budget": Budget(gpu_hours=39.0)}, "budget.gpu_hours was 40.0, now 39.0"),
        ({"warm_start": ("earlier",)}, r"warm_start was \[\], now \['earlier'\]"),
    ],
)
def test_whoever_gives_other_values_is_told_the_old_and_the_new_one(begun, given, said):
    with pytest.raises(UserError, match=said) as caught:
        resumed(begun, **given)
    assert "\n" not in str(caught.value)
    assert len(resumed(begun)[1]) > 0  # and nothing was logged of it


def test_each_field_of_another_experiment_is_named(begun, experiment):
    other = experiment.with_values({"seed": 6, "scheduler.reduction": 3.0})
    with pytest.raises(UserError, match="seed was 5, now 6") as caught:
        resumed(begun, experiment=other)
    assert "scheduler.reduction was 2.0, now 3.0" in str(caught.value)


def test_a_parameter_of_the_space_is_named(begun, experiment):
    low = {**experiment.space.parameters[0].plain(), "low": 1e-3}
    other = experiment.with_values({"space.parameters": [low, experiment.space.parameters[1].plain()]})
    with pytest.raises(UserError, match="space.loss.adversarial was .*0.0001.*, now .*0.001"):
        resumed(begun, experiment=other)


def test_more_trials_and_more_budget_are_taken_logged_and_remembered(begun):
    spec, event = resumed(begun, trials=200, budget=Budget(gpu_hours=80.0))
    assert (spec.trials, spec.budget) == (200, Budget(gpu_hours=80.0, wall_hours=2.0))
    assert event["changes"] == {"trials": [100, 200], "budget.gpu_hours": [40.0, 80.0]}
    assert resumed(begun)[0] == spec


def test_what_changes_no_result_may_change(begun, experiment):
    spec, event = resumed(begun, experiment=experiment.with_values({"max_concurrent": 3, "resources.cpus": 2.0}))
    assert (spec.experiment.max_concurrent, spec.experiment.resources.cpus, spec.trials) == (3, 2.0, 100)
    assert event["changes"] == {"max_concurrent": [0, 3], "resources.cpus": [1.0, 2.0]}
