"""What one epoch gave."""

from dataclasses import dataclass, field

from garment_uv.config.base import Config
from garment_uv.metrics.aggregate import S2STable


class Best(Config):
    """The epoch with the lowest headline S2S so far."""

    epoch: int
    s2s_mm: float


@dataclass(frozen=True)
class EpochReport:
    """Losses, S2S and time of one epoch."""

    epoch: int
    """Epochs done, this one included."""
    losses: dict[str, float]
    """Means over the epoch's samples: every unweighted term of the generator, their weighted 'total', and,
    where a discriminator is trained, 'discriminator'."""
    s2s: S2STable | None
    """Headline S2S with segments as `evaluation.segments` says; None in epochs without evaluation."""
    s2s_predicted: S2STable | None
    """S2S with the model's own segments, as at test time; None where not measured."""
    best: Best | None
    """The best so far, this epoch included; None before the first evaluation."""
    rate_factor: float
    """What the base learning rates were multiplied by."""
    seconds: float
    """Wall time of the epoch, evaluation included."""
    data: dict[str, float] = field(default_factory=dict)
    """What its data cost: see `DataWatch.metrics`."""

    @property
    def is_best(self) -> bool:
        """Whether this epoch is the best so far: the time to keep its model."""
        return self.best is not None and self.best.epoch == self.epoch

    def metrics(self) -> dict[str, float]:
        """Flat names for a tracker: epoch, seconds, loss/<term>, s2s/<...>, s2s_predicted/<...>, data/<...>, ..."""
        values = {"epoch": float(self.epoch), "seconds": self.seconds, "rate_factor": self.rate_factor}
        values |= {f"loss/{name}": value for name, value in self.losses.items()}
        values |= {f"data/{name}": value for name, value in self.data.items()}
        for prefix, table in (("s2s", self.s2s), ("s2s_predicted", self.s2s_predicted)):
            if table is not None:
                values |= {name.replace("s2s", prefix, 1): mm for name, mm in table.to_dict().items()}
        if self.best is not None:
            values["s2s/best"] = self.best.s2s_mm
        return values
