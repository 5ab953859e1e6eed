"""Plain Python trees for scipy to write as MATLAB's structs and cells."""

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
