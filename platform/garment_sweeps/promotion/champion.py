"""The alias `champion`: set, fetched and turned back."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from garment_sweeps.promotion.registry import MODEL_NAME, version_of_alias
from garment_sweeps.tracking import garment_home, tracking_client
from garment_sweeps.tracking.model_artifact import fetch_model
from garment_sweeps.tracking.provenance import user
from garment_uv.errors import UserError

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHAMPION = "champion"
PREVIOUS = "previous-champion"
"""Alias of the version that was champion before; `rollback` goes back to it."""


def crown(client: "MlflowClient", version: str, why: str) -> None:
    """Makes a version the champion and keeps the one before as the previous champion; says who, when and why."""
    before = version_of_alias(client, CHAMPION)
    if before is not None and str(before.version) != version:
        client.set_registered_model_alias(MODEL_NAME, PREVIOUS, str(before.version))
    client.set_registered_model_alias(MODEL_NAME, CHAMPION, version)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    for name, value in {"promoted_by": user(), "promoted_at": now, "promoted_why": why}.items():
        client.set_model_version_tag(MODEL_NAME, version, f"garment.{name}", value)


def rollback() -> tuple[str, str]:
    """Exchanges champion and previous champion and returns (new champion, former champion) as version numbers."""
    client = tracking_client()
    now, before = version_of_alias(client, CHAMPION), version_of_alias(client, PREVIOUS)
    if now is None or before is None:
        raise UserError("there is no earlier champion to go back to: `garment promote` has replaced none yet")
    crown(client, str(before.version), f"rollback from version {now.version}")
    return str(before.version), str(now.version)


def champion_folder() -> Path:
    """The champion's model on disk, fetched once per version and its digest checked; UserError without a champion."""
    client = tracking_client()
    version = version_of_alias(client, CHAMPION)
    if version is None:
        raise UserError("there is no champion yet: run `garment promote SWEEP`, or name a model folder with --model")
    folder = garment_home() / "champions" / str(version.version)
    return fetch_model(client, version.run_id, folder)
