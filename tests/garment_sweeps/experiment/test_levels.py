"""Levels: their ends are exact, they are all different, and each is encoded as itself."""

import math

from hypothesis import assume, given
from hypothesis import strategies as st

from garment_sweeps.experiment import Float
from garment_uv.errors import UserError

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)


def test_the_last_of_three_levels_is_the_high_end_and_no_more():
    parameter = Float(path="loss.uv", low=0.03, high=0.3, levels=3)
    assert parameter.grid() == [0.03, 0.165, 0.3]
    assert [parameter.encode(value) for value in parameter.grid()] == [0, 1, 2]
    assert parameter.encode(0.30000000000000004) == 2  # as logs of before have it


@given(low=NUMBERS, high=NUMBERS, levels=st.integers(1, 40), log=st.booleans())
def test_ends_are_exact_and_every_level_is_encoded_as_itself(low, high, levels, log):
    low, high = sorted((abs(low), abs(high))) if log else sorted((low, high))
    try:
        parameter = Float(path="loss.uv", low=low, high=high, levels=levels, log=log)
    except UserError:
        assume(False)
    grid = parameter.grid()
    assert (grid[0], grid[-1], len(grid)) == (low, high, levels)
    assert grid == sorted(set(grid))
    steps = [math.log(value) for value in grid] if log else grid
    even = [steps[0] + (steps[-1] - steps[0]) * index / max(levels - 1, 1) for index in range(levels)]
    assert all(math.isclose(step, other, rel_tol=1e-9, abs_tol=1e-9) for step, other in zip(steps, even, strict=True))
    if all(not math.isclose(one, other, rel_tol=1e-5) for one, other in zip(grid, grid[1:], strict=False)):
        assert [parameter.encode(value) for value in grid] == list(range(levels))
