"""SMPL's model files: reading the .npz, and the one-time conversion of the .pkl they are handed out as."""

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from garment_uv.body.skeleton import NUM_JOINTS, PARENTS
from garment_uv.body.smpl_pickle import read_pickle
from garment_uv.errors import UserError
from garment_uv.outputs import file_aside

KEYS = ("v_template", "shapedirs", "posedirs", "J_regressor", "weights", "kintree_table", "f")
NUM_SHAPES = 10
_CONVERT = "python -m garment_uv.body.convert_smpl SMPL_FOLDER"
_GENDERS = {0: re.compile(r"(^|[_-])f(emale)?([_.-]|$)", re.I), 1: re.compile(r"(^|[_-])m(ale)?([_.-]|$)", re.I)}


@dataclass(frozen=True)
class SmplArrays:
    """One gender's model, y-up, metres."""

    v_template: np.ndarray
    """float64 [V, 3]."""
    shapedirs: np.ndarray
    """float64 [V, 3, 10]."""
    posedirs: np.ndarray
    """float32 [V, 3, 207]."""
    J_regressor: np.ndarray
    """float64 [24, V]."""
    weights: np.ndarray
    """float32 [V, 24]."""
    f: np.ndarray
    """int32 [F, 3]."""


def load_npz(path: Path) -> SmplArrays:
    """The model of one .npz with SMPL's keys; UserError naming the file, what is wrong with it and the mend."""
    path = Path(path)
    if not path.is_file():
        raise UserError(f"no SMPL file {path}: give the folder that holds the .npz of your SMPL licence")
    try:
        with np.load(path, allow_pickle=False) as archive:
            values = {key: archive[key] for key in KEYS if key in archive.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is not a plain .npz ({error}): convert the .pkl with `{_CONVERT}`") from None
    return check_arrays(values, path)


def convert_pickle(source: Path, target: Path) -> Path:
    """Write a Python-2 SMPL .pkl as the .npz that `load_npz` reads, whole or not at all; answers `target`."""
    source, target = Path(source), Path(target)
    if not source.is_file():
        raise UserError(f"no SMPL file {source}: give the .pkl of your SMPL licence")
    loaded = read_pickle(source)
    values: dict[str, Any] = {key: loaded[key] for key in KEYS if key in loaded}
    check_arrays(values, source)
    with file_aside(target) as file:
        np.savez_compressed(file, **values)
    return target


def find_models(smpl_dir: Path) -> dict[int, Path]:
    """Gender (0 female, 1 male) to its .npz in a folder, by the file's name; UserError when none or two fit."""
    if not smpl_dir.is_dir():
        raise UserError(f"no SMPL folder {smpl_dir}: give --smpl-dir the folder with your female and male SMPL files")
    found: dict[int, Path] = {}
    for gender, pattern in _GENDERS.items():
        matches = [path for path in sorted(smpl_dir.glob("*.npz")) if pattern.search(path.stem)]
        if len(matches) > 1:
            names = " and ".join(path.name for path in matches)
            raise UserError(f"{smpl_dir} holds {names}: leave one file per gender")
        if matches:
            found[gender] = matches[0]
    if not found:
        pickles = len(list(smpl_dir.glob("*.pkl")))
        mend = f"convert its {pickles} .pkl with `{_CONVERT}`" if pickles else "it wants SMPL_FEMALE.npz, SMPL_MALE.npz"
        raise UserError(f"{smpl_dir} holds no female or male SMPL .npz: {mend}")
    return found


def check_arrays(values: dict[str, np.ndarray], path: Path) -> SmplArrays:
    """Arrays of the right shapes and kinds, or a UserError that names the file and the first thing wrong."""
    missing = [key for key in KEYS if key not in values]
    if missing:
        raise UserError(f"{path} lacks {', '.join(missing)}: it is not an SMPL body model")
    for key in KEYS:
        if values[key].dtype.kind not in "fiu":
            raise UserError(f"{path}: {key} holds {values[key].dtype}, not numbers: convert with `{_CONVERT}`")
        if not np.isfinite(values[key]).all():
            raise UserError(f"{path}: {key} holds a value that is not finite: the file is damaged")
    count = len(values["v_template"])
    wanted = {
        "v_template": (count, 3), "posedirs": (count, 3, 9 * (NUM_JOINTS - 1)), "J_regressor": (NUM_JOINTS, count),
        "weights": (count, NUM_JOINTS), "kintree_table": (2, NUM_JOINTS),
    }  # fmt: skip
    for key, shape in wanted.items():
        if values[key].shape != shape:
            raise UserError(f"{path}: {key} has shape {values[key].shape}, SMPL's is {shape}")
    shapes = values["shapedirs"]
    if shapes.ndim != 3 or shapes.shape[:2] != (count, 3) or shapes.shape[2] < NUM_SHAPES:
        raise UserError(f"{path}: shapedirs has shape {shapes.shape}, SMPL's is ({count}, 3, {NUM_SHAPES} or more)")
    faces = values["f"].astype(np.int64)
    if faces.ndim != 2 or faces.shape[1] != 3 or faces.min(initial=0) < 0 or faces.max(initial=0) >= count:
        raise UserError(f"{path}: f has shape {faces.shape} or points past the {count} vertices")
    parents = values["kintree_table"][0].astype(np.int64)
    if tuple(parents[1:].tolist()) != PARENTS[1:] or parents[0] not in (-1, 2**32 - 1):
        raise UserError(f"{path}: kintree_table is not SMPL's tree of 24 joints (SMPL-H and SMPL-X do not fit)")
    return SmplArrays(
        v_template=values["v_template"].astype(np.float64),
        shapedirs=shapes[:, :, :NUM_SHAPES].astype(np.float64),
        posedirs=values["posedirs"].astype(np.float32),
        J_regressor=values["J_regressor"].astype(np.float64),
        weights=values["weights"].astype(np.float32),
        f=faces.astype(np.int32),
    )
