"""An experiment: a base config, what varies around it, and how much may be spent."""

from typing import Literal

from pydantic import Field, model_validator

from garment_sweeps.spaces.space import Space
from garment_uv.config.base import Config
from garment_uv.config.trial import TrialConfig


class AshaConfig(Config):
    """Asynchronous successive halving on epochs."""

    grace_epochs: int = Field(default=1, ge=1)
    """Epochs that every trial is given before it can be stopped."""
    reduction: float = Field(default=3.0, gt=1)
    """Of the trials that reach a rung, one in so many goes on."""


class ResourcesConfig(Config):
    """What one trial holds while it runs."""

    cpus: float = Field(default=1.0, gt=0)
    gpus: float = Field(default=0.0, ge=0)
    """May be a fraction: 0.25 packs four trials on one GPU."""


class Experiment(Config):
    """What `experiments/NAME.py` returns; frozen, and logged whole with the sweep."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    description: str
    base: TrialConfig = TrialConfig()
    space: Space = Space()
    trials: int = Field(default=16, ge=1, le=100_000)
    try_base: bool = True
    """Run the base config itself as the first trial, where its values lie inside the space."""
    sampler: Literal["tpe", "random"] = "tpe"
    startup_trials: int = Field(default=10, ge=1)
    """Random trials before TPE begins to model."""
    seed: int = Field(default=0, ge=0, lt=2**31)
    asha: AshaConfig | None = AshaConfig()
    """None lets every trial train all its epochs."""
    metric: str = "s2s/all"
    """Metric of an epoch that the sweep makes small, in mm."""
    resources: ResourcesConfig = ResourcesConfig()
    max_concurrent: int = Field(default=0, ge=0)
    """Most trials at once; 0 runs as many as the cluster holds."""
    checkpoint_every: int = Field(default=1, ge=1)
    """Epochs between checkpoints of a trial."""

    @model_validator(mode="after")
    def _space_fits_base(self):
        for parameter in self.space.parameters:
            for value in parameter.examples():
                self.base.with_values({parameter.path: value})
        known = self.base.flat()
        for parameter in self.space.parameters:
            for path in parameter.when:
                if path not in known:
                    raise ValueError(f"{parameter.path} depends on {path}, which is no config field")
        if self.asha and self.asha.grace_epochs > self.epochs:
            raise ValueError(
                f"asha.grace_epochs is {self.asha.grace_epochs}, more than the {self.epochs} epochs of a trial"
            )
        return self

    @property
    def epochs(self) -> int:
        """Epochs of a trial that is not stopped."""
        return self.base.training.epochs
