"""When a trial cannot go on: non-finite losses, a diverged surface, a collapsed discriminator."""

import math

from garment_uv.errors import Infeasible
from garment_uv.training.config import TrainingConfig


class FeasibilityWatch:
    """Looks at every epoch's numbers and raises Infeasible, with the reason, when training is pointless.

    Its one piece of state, the epochs in a row with a collapsed discriminator, is saved with the checkpoint.
    """

    def __init__(self, config: TrainingConfig) -> None:
        self._config = config
        self.collapsed_epochs = 0

    def losses(self, epoch: int, losses: dict[str, float], adversarial: bool = True) -> None:
        """Judge the mean losses of epoch number `epoch` (1-based).

        `adversarial` False: the discriminator is not trained, so it cannot collapse.
        """
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
