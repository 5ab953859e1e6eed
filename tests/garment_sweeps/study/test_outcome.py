"""What a last result means."""

import math

import pytest
from optuna.trial import TrialState

from garment_sweeps.study.outcome import outcome_of


@pytest.mark.parametrize(
    ("result", "error", "state", "value"),
    [
        ({"epoch": 6, "s2s_mm": 20.0}, False, TrialState.COMPLETE, 20.0),
        ({"epoch": 5, "s2s_mm": 20.0}, False, TrialState.PRUNED, None),
        ({"epoch": 6, "s2s_mm": math.nan}, False, TrialState.FAIL, None),
        ({"epoch": 6, "s2s_mm": math.inf}, False, TrialState.FAIL, None),
        ({"epoch": 6}, False, TrialState.FAIL, None),
        ({"epoch": 6, "s2s_mm": "20"}, False, TrialState.FAIL, None),
        ({"epoch": 3, "s2s_mm": 20.0, "infeasible": True, "reason": "diverged"}, False, TrialState.FAIL, None),
        ({"epoch": 3, "failed": True, "reason": "no dataset"}, False, TrialState.FAIL, None),
        ({"epoch": 3, "s2s_mm": 20.0}, True, TrialState.FAIL, None),
        (None, True, TrialState.FAIL, None),
    ],
)
def test_outcomes(result, error, state, value, experiment):
    outcome = outcome_of(result, error, experiment)
    assert (outcome.state, outcome.values) == (state, None if value is None else (value,))


def test_the_reason_is_kept(experiment):
    assert outcome_of({"epoch": 3, "infeasible": True, "reason": "diverged"}, False, experiment).reason == "diverged"
    assert "epoch 2 of 6" in outcome_of({"epoch": 2, "s2s_mm": 1.0}, False, experiment).reason


@pytest.mark.parametrize("costs", [{"costs": {"memory_mib": 900.0}}, {"costs/memory_mib": 900.0}])
def test_costs_are_objectives_and_bounds(experiment, costs):
    bound = {"metric": "memory_mib", "at_most": 500.0}
    both = experiment.with_values(
        {"also_minimise": ["memory_mib"], "constraints": [bound], "sampler": "tpe_constrained"}
    )
    outcome = outcome_of({"epoch": 6, "s2s_mm": 20.0, **costs}, False, both)
    assert (outcome.values, outcome.violations) == ((20.0, 900.0), {"memory_mib": 400.0})
    missing = outcome_of({"epoch": 6, "s2s_mm": 20.0}, False, both)
    assert missing.state == TrialState.FAIL and "was not measured" in missing.reason
