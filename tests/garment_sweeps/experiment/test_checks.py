"""An experiment is checked whole when it is made: every value against the config, the sampler and the metric."""

import pytest

from garment_sweeps.comparison.measure import measure_of
from garment_sweeps.experiment import Choice, Experiment, Float, Integer, Space
from garment_uv.errors import UserError
from garment_uv.training.config import EvaluationConfig
from garment_uv.training.report import error_names
from garment_uv.training.trial import TrialConfig

MODE, DEPTH = "generator.local.mode", "generator.local.depth"


def made(*parameters, **changes) -> Experiment:
    return Experiment(**{"name": "x", "description": "", "space": Space(parameters=parameters), **changes})


@pytest.mark.parametrize("metric", ["s2s/al", "s2s/dress", "loss/uv", "s2s/missing", "s2s_mm", "epoch", ""])
def test_a_metric_that_no_evaluation_measures_is_refused_when_the_experiment_is_made(metric):
    with pytest.raises(UserError, match=f"metric '{metric}' is no error that an evaluation measures"):
        made(metric=metric)


def test_a_typo_is_told_what_was_meant():
    with pytest.raises(UserError, match="take s2s/Dress or "):
        made(metric="s2s/dress")


@pytest.mark.parametrize("metric", ["s2s/all", "s2s/macro", "s2s/Dress", "s2s_directions/Top_sum", "s2s_predicted/all"])
def test_every_error_that_is_measured_can_be_made_small(metric):
    assert made(metric=metric).metric == metric


def test_errors_of_predicted_segments_are_known_where_they_are_measured():
    never = TrialConfig().with_values({"evaluation.predicted": "never"})
    with pytest.raises(UserError, match="metric 's2s_predicted/all'"):
        made(base=never, metric="s2s_predicted/all")
    predicted = never.with_values({"evaluation.segments": "predicted"})
    assert made(base=predicted, metric="s2s_predicted/all").base == predicted


@pytest.mark.parametrize(
    ("parameter", "said"),
    [
        (Float(path="generator.residual_blocks", low=1, high=9), "takes whole numbers, and Float gives 1.0"),
        (Float(path="generator.residual_blocks", low=2, high=4, levels=3), "takes whole numbers"),
        (Float(path="generator.residual_blocks", low=2, high=5, levels=3), "takes whole numbers|valid integer"),
        (Float(path="training.mirror", low=0, high=1), "takes no numbers"),
        (Integer(path="generator.local.kernel", low=3, high=7), "kernel.*was given 4"),
        (Integer(path="data.workers", low=0, high=70), "workers.*was given"),
        (Choice(path="generator.residual_blocks", options=("2", "4")), "takes '2' for 2; write 2"),
    ],
)
def test_a_value_that_the_field_does_not_take_is_found_wherever_in_the_range_it_lies(parameter, said):
    with pytest.raises(UserError, match=said):
        made(parameter)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({MODE: ("per_klass",)}, "which the space never gives it; it gives 'per_class', 'shared'"),
        ({MODE: ("per_class", "grouped")}, "depends on generator.local.mode='grouped', which the space never gives"),
        ({"generator.residual_blocks": (7,)}, "it gives whole numbers from 2 to 4"),
        ({"generator.residual_blocks": (2.5,)}, "it gives whole numbers from 2 to 4"),
        ({"loss.uv": (0.5,)}, "any real number, of which none can be a condition"),
        ({"loss.edge": (0.25,)}, "it gives 0, 0.5, 1"),
        ({"generator.frame": ("bodies",)}, "which it never is: .*frame"),
        ({"training.batch_size": ("4",)}, "which it never is: the config holds 4 for that"),
    ],
)
def test_a_condition_that_can_never_hold_is_refused(condition, said):
    with pytest.raises(UserError, match=said):
        made(
            Choice(path=MODE, options=("per_class", "shared")),
            Integer(path="generator.residual_blocks", low=2, high=4),
            Float(path="loss.uv", low=0, high=1),
            Float(path="loss.edge", low=0, high=1, levels=3),
            Integer(path=DEPTH, low=1, high=2, when=condition),
        )


def test_conditions_that_exclude_each_other_are_refused():
    with pytest.raises(UserError, match="never searched: its conditions exclude each other"):
        made(
            Choice(path=MODE, options=("per_class", "none")),
            Integer(path=DEPTH, low=1, high=2, when={MODE: ("per_class",)}),
            Integer(path="generator.local.stride", low=1, high=2, when={DEPTH: (1,), MODE: ("none",)}),
        )


def test_a_condition_on_a_list_holds_for_the_base_too():
    groups = TrialConfig().generator.local.groups
    space = Space(parameters=(Float(path="loss.uv", low=0, high=1, when={"generator.local.groups": (groups,)}),))
    assert made(*space.parameters).space.encode({"loss.uv": 0.5}, TrialConfig().flat()) == {"loss.uv": 0.5}


@pytest.mark.parametrize("value", [0.5, 1.0])
def test_a_real_number_of_one_value_needs_a_level_under_a_grid(value):
    alone = {"path": "loss.uv", "low": value, "high": value}
    with pytest.raises(UserError, match="sampler 'grid' needs levels for loss.uv; as Float.*levels=1"):
        made(Float(**alone), sampler="grid")
    assert made(Float(**alone, levels=1), sampler="grid").space.parameters[0].grid() == [value]
    assert made(Float(**alone), sampler="random")


@pytest.mark.parametrize(
    ("parameter", "said"),
    [
        (lambda: Float(path="loss.uv", low=0, high=1, levels=1), "one level cannot be both 0.0 and 1.0"),
        (lambda: Float(path="loss.uv", low=1, high=1, levels=3), "3 levels from 1.0 to 1.0 are not all different"),
        (lambda: Choice(path="loss.uv", options=(1, 2, 1.0)), "the option 1.0 stands twice"),
    ],
)
def test_values_that_are_not_different_are_refused(parameter, said):
    with pytest.raises(UserError, match=said):
        parameter()


def test_every_metric_that_can_be_made_small_can_be_compared():
    for metric in error_names(EvaluationConfig()):
        assert measure_of(metric).metric == metric
