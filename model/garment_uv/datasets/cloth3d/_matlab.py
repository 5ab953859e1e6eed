"""Plain Python trees for scipy to write as MATLAB's structs and cells, and their comparison."""

from typing import Any

import numpy as np


def to_matlab(value: Any) -> Any:
    """A tree for `scipy.io.savemat`: a list becomes a cell, so that a list of one struct stays a list."""
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
