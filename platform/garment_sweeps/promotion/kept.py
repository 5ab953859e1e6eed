"""Models on this machine, a folder for each digest: one that is there is whole, and nothing is ever written into it.

A download goes into a folder beside it, `<sha256>.partial`, and is moved into place when its digest is right. Whoever
downloads holds a lock on `<sha256>.lock`, which the kernel frees when the process dies; readers need none.
"""

import fcntl
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from garment_sweeps.tracking.model_artifact import fetch_model, logged_sha256, weights_sha256
from garment_uv.errors import UserError

if TYPE_CHECKING:
    from mlflow import MlflowClient


def keep_model(client: "MlflowClient", run_id: str, place: Path) -> Path:
    """The folder of a run's model in `place`, downloaded by one of all who ask, where it is missing or damaged.

    UserError where the model cannot be fetched, is another one than the run logged, or cannot be written.
    """
    sha256 = logged_sha256(client, run_id)
    folder = place / sha256
    if _is_whole(folder, sha256):
        return folder
    try:
        place.mkdir(parents=True, exist_ok=True)
        with open(place / f"{sha256}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not _is_whole(folder, sha256):
                _download(client, run_id, folder)
    except OSError as error:
        raise UserError(f"cannot keep a model in {place}: {error.strerror or error}; set GARMENT_HOME") from None
    return folder


def _download(client: "MlflowClient", run_id: str, folder: Path) -> None:
    """Under the lock. What stands in the way is damaged, and moved aside before it is removed."""
    aside, damaged = folder.with_suffix(".partial"), folder.with_suffix(".damaged")
    for left in (aside, damaged):  # by a process that died
        shutil.rmtree(left, ignore_errors=True)
    try:
        fetched = fetch_model(client, run_id, aside)
        if folder.exists():
            os.rename(folder, damaged)
        os.rename(fetched, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        shutil.rmtree(damaged, ignore_errors=True)


def _is_whole(folder: Path, sha256: str) -> bool:
    try:
        return weights_sha256(folder) == sha256
    except (UserError, OSError):
        return False
