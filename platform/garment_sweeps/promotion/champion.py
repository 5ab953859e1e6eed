"""The alias `champion`: set, fetched and turned back.

Moving the alias is one request, and all that belongs to it is written to the version before: whoever is killed on the
way leaves the old champion with all that was said of it. Which version a champion replaced is a tag of its own version,
so that alias and way back cannot disagree.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from garment_sweeps.promotion.kept import keep_model
from garment_sweeps.promotion.registry import MODEL_NAME, version_of_alias
from garment_sweeps.settings.urls import without_login
from garment_sweeps.tracking import garment_home, tracking_client, tracking_uri
from garment_sweeps.tracking.provenance import user
from garment_sweeps.tracking.refusals import may_write
from garment_uv.errors import UserError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

    from garment_sweeps.study.lease import Lease

CHAMPION = "champion"
REPLACED = "garment.replaced_version"
"""On a version that is or was champion: the version that was champion before; `rollback` goes back to it."""
HISTORY = "garment.history"
"""On a version: JSON list of when it became champion, by whom and why."""
KEPT_EVENTS = 100


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


def crown(client: "MlflowClient", version: str, why: str, instead_of: str | None) -> None:
    """Makes a version the champion and remembers whom it replaces, who did it, when and why.

    Args:
        client: of the registry.
        version: number of the version.
        why: in a line.
        instead_of: the champion that was compared with, None for none.

    Raises:
        UserError: somebody has made another version the champion meanwhile.
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
    return keep_model(client, version.run_id, garment_home() / "champions")  # type: ignore[arg-type]


def _remember(client: "MlflowClient", version: "ModelVersion", why: str, before: str | None) -> None:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    event = {"at": at, "by": user(), "why": why, "champion_before": before}
    events = [*json.loads(version.tags.get(HISTORY, "[]")), event][-KEPT_EVENTS:]
    client.set_model_version_tag(MODEL_NAME, str(version.version), HISTORY, json.dumps(events))
