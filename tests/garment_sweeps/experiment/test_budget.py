"""The limits of a sweep, as data."""

import pytest

from garment_sweeps.experiment import Budget
from garment_uv.errors import UserError


@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_a_budget_is_positive(value):
    with pytest.raises(UserError, match="gpu_hours"):
        Budget(gpu_hours=value)
