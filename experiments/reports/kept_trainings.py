"""Finished trainings of an experiment, a small file each beside its tables: another machine need not repeat them."""

import re
import shutil
from pathlib import Path

from experiments.benchmarks.conditions import RESULTS
from garment_uv.errors import UserError
from garment_uv.files import read_json
from garment_uv.training.run import RESULT
from garment_uv.training.trial import TrialConfig


def keep(name: str, row: str, config: TrialConfig, folder: Path) -> None:
    """Copies the result of a training in `folder` beside the experiment's tables."""
    path = _path(name, row, config)
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(folder / RESULT, path)


def take_back(name: str, row: str, config: TrialConfig, dataset_version: str, folder: Path) -> None:
    """Puts a kept result into `folder`, where none is yet, if it is of this very config and dataset."""
    path = _path(name, row, config)
    if not path.exists() or (folder / RESULT).exists():
        return
    found = read_json(path, "kept training")
    try:
        trained = TrialConfig.from_plain(found["config"])
    except (KeyError, UserError):  # a field that is no more
        return
    if trained == config and found.get("dataset_version") == dataset_version:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / RESULT)


def _path(name: str, row: str, config: TrialConfig) -> Path:
    return RESULTS / name / f"{re.sub('[^a-z0-9]+', '-', row.lower()).strip('-')}-{config.seed}.json"
