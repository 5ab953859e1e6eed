"""Spaces: sound at construction, and define-by-run suggestions that always make a valid config."""

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garment_sweeps.experiment import AshaConfig, Choice, Experiment, Float, Integer, Space, load_experiment
from garment_uv.errors import UserError
from garment_uv.training.trial import TrialConfig

optuna.logging.set_verbosity(optuna.logging.ERROR)
MODE = "generator.local.mode"


def space_with_conditions() -> Space:
    return Space(
        parameters=(
            Choice(path=MODE, options=("per_class", "shared", "none")),
            Integer(path="generator.local.depth", low=1, high=4, when={MODE: ("per_class", "shared")}),
            Choice(path="generator.local.kernel", options=(3, 5), when={"generator.local.depth": (1, 2)}),
            Float(path="loss.uv", low=1e-3, high=1.0, log=True),
        )
    )


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30)
def test_suggestions_hold_exactly_the_active_parameters_and_make_valid_configs(seed):
    base = TrialConfig()
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    values = space_with_conditions().suggest(study.ask(), base.flat())
    assert ("generator.local.depth" in values) == (values[MODE] != "none")
    assert ("generator.local.kernel" in values) == (values.get("generator.local.depth") in (1, 2))
    changed = base.with_values(values)
    assert {path: changed.flat()[path] for path in values} == values


def test_suggesting_again_for_the_same_trial_repeats_the_values():
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    trial = study.ask()
    first = space_with_conditions().suggest(trial, TrialConfig().flat())
    again = space_with_conditions().suggest(optuna.Trial(study, trial._trial_id), TrialConfig().flat())
    assert first == again


def test_a_condition_may_name_a_field_that_is_not_searched():
    space = Space(parameters=(Integer(path="generator.local.depth", low=1, high=2, when={MODE: ("grouped",)}),))
    study = optuna.create_study()
    assert space.suggest(study.ask(), TrialConfig().flat()) == {}
    grouped = TrialConfig().with_values({MODE: "grouped"})
    assert "generator.local.depth" in space.suggest(study.ask(), grouped.flat())


def test_options_may_be_lists():
    groups = ((("Top", "Tshirt"), ("Trousers", "Jumpsuit"), ("Skirt", "Dress")),)
    space = Space(parameters=(Choice(path="generator.local.groups", options=groups),))
    values = space.suggest(optuna.create_study().ask(), TrialConfig().flat())
    assert TrialConfig().with_values(values).generator.local.groups == groups[0]


def test_encode_takes_missing_values_from_the_base_and_refuses_what_lies_outside():
    space = space_with_conditions()
    base = TrialConfig().flat()
    assert space.encode({"loss.uv": 0.5, MODE: "none"}, base) == {MODE: "none", "loss.uv": 0.5}
    with pytest.raises(ValueError, match="loss.uv=7"):
        space.encode({"loss.uv": 7, MODE: "none"}, base)
    with pytest.raises(ValueError, match="none of"):
        space.encode({MODE: "grouped"}, base)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ((Float(path="loss.uv", low=0, high=1), Float(path="loss.uv", low=0, high=1)), "searched twice"),
        (
            (
                Float(path="loss.uv", low=0, high=1, when={MODE: ("none",)}),
                Choice(path=MODE, options=("none", "shared")),
            ),
            "must stand before",
        ),
    ],
)
def test_unsound_spaces_are_refused(parameters, said):
    with pytest.raises(UserError, match=said):
        Space(parameters=parameters)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"low": 2, "high": 1}, "above high"),
        ({"low": 0, "high": 1, "log": True}, "log scale needs low above 0"),
        ({"low": float("nan"), "high": 1}, "finite"),
    ],
)
def test_unsound_ranges_are_refused(arguments, said):
    with pytest.raises(UserError, match=said):
        Float(path="loss.uv", **arguments)


@pytest.mark.parametrize(
    ("space", "said"),
    [
        (Space(parameters=(Float(path="loss.nope", low=0, high=1),)), "loss.nope"),
        (Space(parameters=(Float(path="loss.uv", low=-1, high=1),)), "greater than or equal to 0"),
        (Space(parameters=(Choice(path=MODE, options=("per_klass",)),)), "per_klass"),
        (Space(parameters=(Float(path="loss.uv", low=0, high=1, when={"loss.nope": (1,)}),)), "no config field"),
    ],
)
def test_an_experiment_refuses_a_space_that_its_base_does_not_take(space, said):
    with pytest.raises(UserError, match=said):
        Experiment(name="x", description="", space=space)


def test_grace_beyond_the_epochs_is_refused():
    base = TrialConfig().with_values({"training.epochs": 3})
    with pytest.raises(UserError, match="grace_epochs is 4"):
        Experiment(name="x", description="", base=base, scheduler=AshaConfig(grace_epochs=4))


@pytest.mark.parametrize(
    "name", ["quickstart", "loss_weights", "local_branches", "overfit", "paper_ablation", "trunk", "default_parts"]
)
def test_experiments_survive_the_way_through_plain_values(name):
    experiment = load_experiment(name)
    again = Experiment.from_plain(experiment.plain())
    assert again.digest() == experiment.digest()
