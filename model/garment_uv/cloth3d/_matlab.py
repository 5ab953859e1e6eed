"""Plain Python trees to and from MATLAB's structs and cells, as scipy reads and writes them."""

from typing import Any

import numpy as np
from scipy.io.matlab import mat_struct


def to_plain(value: Any) -> Any:
    """A squeezed scipy value as dict (struct), list (cell), str, int, float or float64 array."""
    if isinstance(value, mat_struct):
        return {name: to_plain(getattr(value, name)) for name in value._fieldnames}
    if isinstance(value, np.ndarray):
        if value.dtype == object:
            return [to_plain(item) for item in value.ravel()]
        if value.dtype.kind in "US":
            return [str(item) for item in value.ravel()] if value.size else ""
        return to_plain(value.item()) if value.ndim == 0 else value.astype(np.float64)
    if isinstance(value, np.generic):
        return value.item()
    return value


def to_matlab(value: Any) -> Any:
    """The inverse of `to_plain`: a list becomes a cell, so that lists of one struct keep their meaning."""
    if isinstance(value, dict):
        return {name: to_matlab(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        cell = np.empty(len(value), dtype=object)
        for index, item in enumerate(value):
            cell[index] = to_matlab(item)
        return cell
    return value


def same(left: Any, right: Any) -> bool:
    """Whether two plain trees hold the same values, arrays compared element by element."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, str) or isinstance(right, str):
        return isinstance(left, str) and isinstance(right, str) and left == right
    if isinstance(left, dict | list) or isinstance(right, dict | list):
        return False
    return np.array_equal(left, right)
