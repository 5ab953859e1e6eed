"""What one epoch gave, and whether a training can go on from that."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from garment_uv.classes import GARMENT_CLASSES
from garment_uv.config import Config
from garment_uv.errors import Infeasible
from garment_uv.metrics.aggregate import S2STable
from garment_uv.training.config import EvaluationConfig, TrainingConfig


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

    def metrics(self) -> dict[str, float]:
        """Flat names for a tracker: epoch, seconds, loss/<term>, s2s/<...>, s2s_predicted/<...>, data/<...>, ..."""
        values = {"epoch": float(self.epoch), "seconds": self.seconds, "rate_factor": self.rate_factor}
        values |= {f"loss/{name}": value for name, value in self.losses.items()}
        values |= {f"data/{name}": value for name, value in self.data.items()}
        if self.s2s is not None:
            values |= self.s2s.to_dict()
        if self.s2s_predicted is not None:
            values |= _of_predicted(self.s2s_predicted.to_dict())
        if self.best is not None:
            values["s2s/best"] = self.best.s2s_mm
        return values


def error_names(evaluation: EvaluationConfig, classes: Iterable[str] = GARMENT_CLASSES) -> list[str]:
    """The metrics in mm of the last epoch's `metrics`, of a training evaluated so on samples of these classes."""
    names = S2STable.of_zeros(classes).errors()
    if evaluation.segments == "predicted" or evaluation.predicted != "never":
        names |= _of_predicted(names)
    return list(names)


def _of_predicted(values: dict[str, float]) -> dict[str, float]:
    """Values of a table made with the model's own segments, by the names that they have beside the headline's."""
    return {name.replace("s2s", "s2s_predicted", 1): value for name, value in values.items()}


class FeasibilityWatch:
    """Looks at every epoch's numbers and raises Infeasible, with the reason, when training is pointless.

    Its one piece of state, the epochs in a row with a collapsed discriminator, is saved with the checkpoint.
    """

    def __init__(self, config: TrainingConfig) -> None:
        self._config = config
        self.collapsed_epochs = 0

    def losses(self, epoch: int, losses: dict[str, float], adversarial: bool = True) -> None:
        """Judge the mean losses of epoch number `epoch` (1-based), of a discriminator only where one is trained."""
        for name, value in losses.items():
            if not math.isfinite(value):
                raise Infeasible(f"loss {name!r} became {value} in epoch {epoch}")
        if not adversarial:
            return
        low = losses["discriminator"] < self._config.collapse_loss
        self.collapsed_epochs = self.collapsed_epochs + 1 if low else 0
        if self.collapsed_epochs >= self._config.collapse_epochs:
            raise Infeasible(
                f"the discriminator collapsed: its loss stayed below {self._config.collapse_loss:g} "
                f"for {self.collapsed_epochs} epochs up to epoch {epoch}"
            )

    def s2s(self, epoch: int, s2s_mm: float) -> None:
        """Judge the overall S2S, mm, measured after epoch number `epoch` (1-based)."""
        if not math.isfinite(s2s_mm):
            raise Infeasible(f"S2S became {s2s_mm} in epoch {epoch}")
        if s2s_mm > self._config.divergence_mm:
            raise Infeasible(
                f"diverged: S2S of {s2s_mm:.0f} mm in epoch {epoch} is above "
                f"training.divergence_mm={self._config.divergence_mm:g}"
            )
