"""Maps as 16-bit codes over a fixed, recorded range: never clipped in silence."""

import numpy as np

LEVELS = 32767
"""Steps on each side of zero; zero itself is the code 32768 and comes back as exactly 0."""
ROUNDING = 2.0**-22
"""What float32 may add to a value that stood exactly at the limit."""


def encode_u16(values: np.ndarray, limit_m: float) -> np.ndarray:
    """Metres in [-limit_m, limit_m] as uint16 of the same shape, by limit_m / 32767; ValueError for what is beyond."""
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
    """Codes uint16 back to float32 metres of the same shape; off by at most limit_m / 65534 and a rounding."""
    out = np.empty(codes.shape, np.float32)
    decode_u16_into(out, codes, limit_m)
    return out


def decode_u16_into(out: np.ndarray, codes: np.ndarray, limit_m: float) -> None:
    """`decode_u16` into float32 `out` of the same shape."""
    np.subtract(codes, np.float32(LEVELS + 1), out=out, dtype=np.float32, casting="unsafe")
    np.divide(out, np.float32(LEVELS), out=out)  # so that the ends are exactly the limit's
    np.multiply(out, np.float32(limit_m), out=out)
