import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from garment_uv.uv.codec import decode_u16, encode_u16

limits = st.floats(1e-3, 1e3)


@given(limits, arrays(np.float64, st.integers(0, 50), elements=st.floats(-1, 1)))
def test_rounding_stays_within_half_a_step(limit, shares):
    values = shares * limit
    codes = encode_u16(values, limit)
    assert codes.dtype == np.uint16 and codes.shape == values.shape
    assert np.abs(decode_u16(codes, limit) - values).max(initial=0) <= limit / 65534 * 1.001 + limit * 1e-7
    np.testing.assert_array_equal(encode_u16(decode_u16(codes, limit), limit), codes)


def test_the_recorded_precision():
    values = np.linspace(-0.5, 0.5, 100_001)
    assert 1e3 * np.abs(decode_u16(encode_u16(values, 0.5), 0.5) - values).max() < 0.0077


@given(limits)
def test_zero_and_the_ends_are_exact(limit):
    values = np.array([0.0, limit, -limit])
    np.testing.assert_array_equal(decode_u16(encode_u16(values, limit), limit), values.astype(np.float32))


@given(limits, st.floats(1.0001, 10))
def test_out_of_range_names_the_largest_value(limit, factor):
    with pytest.raises(ValueError, match=f"{limit * factor:.4f}"):
        encode_u16(np.array([0.0, -limit * factor, limit]), limit)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(value):
    with pytest.raises(ValueError, match="not finite"):
        encode_u16(np.array([0.1, value]), 0.5)


@pytest.mark.parametrize("limit", [0.0, -1.0, np.nan])
def test_limits_must_be_above_zero(limit):
    with pytest.raises(ValueError, match="limit"):
        encode_u16(np.zeros(2), limit)
