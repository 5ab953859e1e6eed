"""`python -m garment_uv.estimation.convert_estimate FILE.pkl`: an estimator's pickled arrays as .npz; runs nothing."""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from garment_uv.body.convert_smpl import run
from garment_uv.body.smpl_pickle import read_pickle
from garment_uv.errors import UserError
from garment_uv.outputs import file_aside

MEND = (
    "only a dictionary of NumPy arrays is converted: in the estimator's own environment, save pose, betas, translation "
    "and focal length with numpy.savez"
)


def convert(path: Path) -> Path:
    """Writes the arrays of numbers in `path` as .npz beside it; UserError for anything but a dictionary of arrays."""
    path = Path(path)
    if not path.is_file():
        raise UserError(f"no file {path}: give an estimator's .pkl")
    arrays: dict[str, Any] = {
        name: array for name, array in read_pickle(path, MEND).items() if array.dtype.kind in "fiub"
    }
    if not arrays:
        raise UserError(f"{path} holds no array of numbers under a name; {MEND}")
    target = path.with_suffix(".npz")
    with file_aside(target) as file:
        np.savez(file, **arrays)
    return target


if __name__ == "__main__":
    sys.exit(run("garment_uv.estimation.convert_estimate FILE.pkl", lambda path: [convert(path)]))
