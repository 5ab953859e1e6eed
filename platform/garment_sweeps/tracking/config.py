"""What a trial is told of its sweep's run in MLflow."""

from pydantic import Field, field_validator

from garment_sweeps.settings.urls import without_password
from garment_sweeps.tracking.provenance import Provenance
from garment_uv.config import Config


class TrackingConfig(Config):
    """Ids of the sweep in MLflow."""

    uri: str
    """Without a password, which each process has from its own environment (see `tracking_store.own_uri`)."""
    experiment_id: str
    parent_run_id: str
    wait_s: float = Field(default=5.0, ge=0)
    """Seconds that a trial which has ended waits for MLflow to move, before what is left goes to the outbox."""
    provenance: Provenance | None = None
    """As the driver took it; None lets each trial look for itself."""

    @field_validator("uri")
    @classmethod
    def _travels_without_password(cls, uri: str) -> str:
        return without_password(uri)
