"""What every trial of a sweep is told; travels to the workers as plain values, since environments do not."""

from typing import Literal

from pydantic import Field, field_validator

from garment_sweeps.settings.urls import without_password
from garment_sweeps.tracking.provenance import Provenance
from garment_uv.config import Config
from garment_uv.training.trial import TrialConfig


class StorageConfig(Config):
    """Where checkpoints go: a folder that all nodes see, or S3."""

    uri: str
    """An absolute folder or s3://bucket/prefix."""
    endpoint: str = ""
    """S3 endpoint URL; empty for AWS's own."""


class Claim(Config):
    """A study's right to its place in the storage (see `claims`)."""

    study: str = Field(min_length=1)
    """Identity of the study: random, made with it."""
    number: int = Field(default=0, ge=0)
    """Counts the databases in which the study was made."""
    token: str = ""
    """Random: two drivers that make the same claim at the same moment are told apart by it."""
    host: str = ""
    """Where the claim was made, for messages."""


class TrackingConfig(Config):
    """Ids of the sweep in MLflow."""

    uri: str
    """Without a password, which each process has from its own environment (see `tracking.settings.own_uri`)."""
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


class TrialContext(Config):
    """Everything about the sweep that one trial needs."""

    sweep: str
    session: int = Field(ge=0)
    """How many times the sweep was started before."""
    base: TrialConfig
    """With the dataset's URI as every node reaches it."""
    metric: str
    checkpoint_every: int = Field(ge=1)
    storage: StorageConfig
    claim: Claim | None = None
    """Of the sweep's study on its place in the storage; a trial whose study has lost it ends."""
    codes: tuple[str, ...] = ()
    """Digests of the code whose checkpoints a trial may go on from; empty for any."""
    home: str
    """Absolute GARMENT_HOME."""
    cpus: float = Field(gt=0)
    tracking: TrackingConfig | None = None
    """None tracks nothing: for measurements of the machinery itself."""
    work: Literal["train", "tabulated"] = "train"
    """What an epoch is: real training, or a made-up curve (see `tabulated`)."""
    seconds_per_epoch: float = Field(default=0.0, ge=0)
    """Of tabulated work only."""
