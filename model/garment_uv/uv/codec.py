"""Maps as 16-bit codes over a fixed, recorded range: never clipped in silence."""

from functools import lru_cache

import numpy as np

LEVELS = 32767
"""Steps on each side of zero; zero itself is the code 32768 and comes back as exactly 0."""
ROUNDING = 2.0**-22
"""What float32 may add to a value that stood exactly at the limit."""

_PIECE = 8192
"""Codes decoded at a time: what NumPy needs for them beside stays in the processor's cache."""


def encode_u16(values: np.ndarray, limit_m: float) -> np.ndarray:
    """Metres in [-limit_m, limit_m] as uint16 of the same shape, rounded to limit_m / 32767 (15 um at 0.5 m).

    Raises ValueError naming the largest value when one is out of range or not finite.
    """
    if not limit_m > 0:
        raise ValueError(f"limit must be above 0 m, was given {limit_m}")
    values = np.asarray(values, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError("a value is not finite")
    largest = float(np.abs(values).max(initial=0.0))
    if largest > limit_m * (1 + ROUNDING):
        raise ValueError(f"largest value is {largest:.4f} m, beyond the range of +-{limit_m:g} m")
    codes = np.rint(values * (LEVELS / limit_m)).clip(-LEVELS, LEVELS)
    return (codes + LEVELS + 1).astype(np.uint16)


def decode_u16(codes: np.ndarray, limit_m: float) -> np.ndarray:
    """Codes uint16 back to float32 metres of the same shape; off by at most limit_m / 65534."""
    return _values(limit_m).take(codes)


def decode_u16_into(out: np.ndarray, codes: np.ndarray, limit_m: float) -> None:
    """`decode_u16` into float32 `out` of the same shape, contiguous both, without memory of its own worth mention."""
    values, flat, target = _values(limit_m), codes.reshape(-1), out.reshape(-1)
    for start in range(0, len(flat), _PIECE):
        values.take(flat[start : start + _PIECE], out=target[start : start + _PIECE], mode="clip")


@lru_cache(maxsize=8)
def _values(limit_m: float) -> np.ndarray:
    """The value of every code, float32 [65536]: looking up is twice as fast as reckoning."""
    values = ((np.arange(2**16, dtype=np.float64) - (LEVELS + 1)) * (limit_m / LEVELS)).astype(np.float32)
    values.setflags(write=False)
    return values
