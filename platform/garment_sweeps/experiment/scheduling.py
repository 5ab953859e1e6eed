"""Which scheduler stops, pauses or changes trials, as data. The schedulers themselves are Ray Tune's."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from garment_uv.config import Config


class AshaConfig(Config):
    """Asynchronous successive halving on epochs."""

    kind: Literal["asha"] = "asha"
    grace_epochs: int = Field(default=1, ge=1)
    """Epochs that every trial is given before it can be stopped."""
    reduction: float = Field(default=3.0, gt=1)
    """Of the trials that reach a rung, one in so many goes on."""


class HyperBandConfig(Config):
    """Synchronous successive halving in several brackets; trials wait, paused, for the others of their bracket."""

    kind: Literal["hyperband"] = "hyperband"
    reduction: float = Field(default=3.0, gt=1)
    """Of the trials of a bracket that reach a rung, one in so many goes on."""


class MedianConfig(Config):
    """Stops a trial whose best value is worse than the median of the others' running means."""

    kind: Literal["median"] = "median"
    grace_epochs: int = Field(default=1, ge=1)
    """Epochs that every trial is given before it can be stopped."""
    min_trials: int = Field(default=3, ge=1)
    """Other trials that must have come as far before one is stopped."""


class PbtConfig(Config):
    """Population based training: the worst quarter goes on from the best one's checkpoints, with values changed."""

    kind: Literal["pbt"] = "pbt"
    interval_epochs: int = Field(default=2, ge=1)
    """Epochs between looks at the population."""
    quantile: float = Field(default=0.25, gt=0, le=0.5)
    """Share of the population that copies, and share that is copied."""
    resample: float = Field(default=0.25, ge=0, le=1)
    """Probability that a value is drawn anew instead of changed by a fifth."""
    paths: tuple[str, ...] = Field(default=(), description="searched paths that may change in mid-training")
    """Searched parameters that may change while a trial trains: rates and weights, not shapes."""

    @model_validator(mode="after")
    def _something_changes(self) -> Self:
        if not self.paths:
            raise ValueError("scheduler.paths names no searched parameter that may change; as ('loss.normal',)")
        return self


SchedulerConfig = Annotated[AshaConfig | HyperBandConfig | MedianConfig | PbtConfig, Field(discriminator="kind")]
