"""Model versions in MLflow's registry, one per set of weights, and the alias `champion`: set, fetched and turned back.

Moving the alias is one request, and all that belongs to it is written to the version before: whoever is killed on the
way leaves the old champion with all that was said of it. Which version a champion replaced is a tag of its own version,
so that alias and way back cannot disagree.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from garment_sweeps.settings.environment import find_home
from garment_sweeps.settings.urls import without_login
from garment_sweeps.tracking import tags, tracking_client, tracking_uri
from garment_sweeps.tracking.answers import may_write
from garment_sweeps.tracking.model_artifact import MODEL_ARTIFACT, fetch_model, logged_sha256, weights_sha256
from garment_sweeps.tracking.provenance import user
from garment_sweeps.tracking.types import MlflowClient, ModelVersion
from garment_uv.errors import UserError

if TYPE_CHECKING:
    from garment_sweeps.study.lease import Lease

MODEL_NAME = "garment-uv"
"""Name of the registered model."""
CHAMPION = "champion"
REPLACED = "garment.replaced_version"
"""On a version that is or was champion: the version that was champion before; `rollback` goes back to it."""
HISTORY = "garment.history"
"""On a version: JSON list of when it became champion, by whom and why."""
KEPT_EVENTS = 100


def find_version(client: MlflowClient, sha256: str) -> ModelVersion | None:
    """The version with these weights, or None."""
    versions = client.search_model_versions(f"name = '{MODEL_NAME}'")
    return next((v for v in versions if v.tags.get(tags.MODEL_SHA256) == sha256), None)


def register(client: MlflowClient, run_id: str, sha256: str, description: str) -> ModelVersion:
    """The version with these weights, made from the run's model artifact where there is none yet."""
    from mlflow.exceptions import MlflowException

    version = find_version(client, sha256)
    if version is not None:
        return version
    try:
        client.create_registered_model(MODEL_NAME, description="UV-map GAN: garments from one RGB image and a body")
    except MlflowException:
        client.get_registered_model(MODEL_NAME)
    source = f"{client.get_run(run_id).info.artifact_uri}/{MODEL_ARTIFACT}"
    return client.create_model_version(
        MODEL_NAME, source, run_id=run_id, tags={tags.MODEL_SHA256: sha256}, description=description
    )


def version_of_alias(client: MlflowClient, alias: str) -> ModelVersion | None:
    """The version that an alias names, or None; a server that fails to answer is an error, not a None."""
    from mlflow.exceptions import MlflowException

    try:
        return client.get_model_version_by_alias(MODEL_NAME, alias)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


@contextmanager
def changing_champion() -> Iterator["Lease"]:
    """One change of the champion at a time, on all machines that share the studies' database.

    UserError where another one is under way, and where MLflow lets this user only read.
    """
    from garment_sweeps.settings.environment import Settings
    from garment_sweeps.study.lease import sweep_lease
    from garment_sweeps.study.study import open_storage

    engine = open_storage(Settings.from_environment().study_url).engine
    with (
        may_write(without_login(tracking_uri()), "changing the champion"),
        sweep_lease(engine, f"promotion of {MODEL_NAME}") as lease,
    ):
        yield lease


def crown(client: MlflowClient, version: str, why: str, instead_of: str | None) -> None:
    """Makes a version the champion and remembers whom it replaces, who did it, when and why.

    UserError where the champion is not (any more) `instead_of`, the one that was compared with, None for none.
    """
    before = version_of_alias(client, CHAMPION)
    now = None if before is None else str(before.version)
    if now != instead_of:
        raise UserError(
            f"the champion has changed to version {now} meanwhile, nothing was changed: run the command again"
        )
    if now is not None and now != version:
        client.set_model_version_tag(MODEL_NAME, version, REPLACED, now)
    _remember(client, client.get_model_version(MODEL_NAME, version), why, now)
    client.set_registered_model_alias(MODEL_NAME, CHAMPION, version)


def rollback() -> tuple[str, str]:
    """Exchanges champion and the one before and returns (new champion, former champion) as version numbers."""
    with changing_champion():
        client = tracking_client()
        now = version_of_alias(client, CHAMPION)
        before = now.tags.get(REPLACED) if now is not None else None
        if now is None or before is None:
            raise UserError("there is no earlier champion to go back to: `garment promote` has replaced none yet")
        crown(client, before, f"rollback from version {now.version}", str(now.version))
        return before, str(now.version)


def champion_folder() -> Path:
    """The champion's model on this machine, its digest checked; UserError without a champion."""
    client = tracking_client()
    version = version_of_alias(client, CHAMPION)
    if version is None:
        raise UserError("there is no champion yet: run `garment promote SWEEP`, or name a model folder with --model")
    return keep_model(client, str(version.run_id), find_home() / "champions")


def _remember(client: MlflowClient, version: ModelVersion, why: str, before: str | None) -> None:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    event = {"at": at, "by": user(), "why": why, "champion_before": before}
    events = [*json.loads(version.tags.get(HISTORY, "[]")), event][-KEPT_EVENTS:]
    client.set_model_version_tag(MODEL_NAME, str(version.version), HISTORY, json.dumps(events))


def keep_model(client: MlflowClient, run_id: str, place: Path) -> Path:
    """The folder of a run's model in `place`, downloaded by one of all who ask, where it is missing or damaged.

    There is one for each digest. One that is there is whole, and nothing is ever written into it: a download goes into
    `<sha256>.partial` and is moved into place when its digest is right. Whoever downloads holds a lock on
    `<sha256>.lock`, which the kernel frees when the process dies; readers need none.

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


def _download(client: MlflowClient, run_id: str, folder: Path) -> None:
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
