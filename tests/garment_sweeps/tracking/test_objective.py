"""A sweep's run says what it makes small."""

import pytest
from mlflow.entities import Param, Run, RunData

from garment_sweeps.tracking.runs import objective_of


@pytest.mark.parametrize(
    ("params", "metric"), [([("metric", "s2s/Dress")], "s2s/Dress"), ([], "s2s/all"), ([("metric", "")], "s2s/all")]
)
def test_the_objective_is_the_experiments_own_and_of_all_garments_in_runs_of_before(params, metric):
    assert objective_of(Run(object(), RunData([], [Param(*param) for param in params]))) == metric
