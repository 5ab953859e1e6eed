"""One check of what comes in, shared by every body: wrong shapes and non-finite numbers stop here."""

import numpy as np


def check_shape_and_poses(gender: int, shape: np.ndarray, poses: np.ndarray) -> None:
    """ValueError unless gender is 0 or 1, shape is finite [10] and poses are finite [T, 72]."""
    if gender not in (0, 1):
        raise ValueError(f"gender is 0 (female) or 1 (male), was given {gender!r}")
    for name, values, wanted in (("shape", np.asarray(shape), (10,)), ("poses", np.asarray(poses), (72,))):
        if values.shape[-1:] != wanted or values.ndim != (1 if name == "shape" else 2):
            raise ValueError(f"{name} has shape {values.shape}, wanted {'[10]' if name == 'shape' else '[T, 72]'}")
        if not np.isfinite(values).all():
            raise ValueError(f"{name} holds a value that is not finite")
