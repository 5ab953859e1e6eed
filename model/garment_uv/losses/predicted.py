"""What the losses read of a generator's answer, whichever network gave it."""

from typing import Protocol

import torch


class PredictedMaps(Protocol):
    """The maps and logits of one batch; see `networks.generator.GeneratorOutput`."""

    @property
    def displacement(self) -> torch.Tensor:
        """float32 [B, 3, U, U] garment minus body, metres."""

    @property
    def prediction(self) -> torch.Tensor:
        """float32 [B, 3, U, U] metres: what was predicted, the displacement or the garment's position."""

    @property
    def class_logits(self) -> torch.Tensor | None:
        """[B, 6, 6]; None without local branches."""

    @property
    def class_present(self) -> torch.Tensor | None:
        """bool [B, 6]: the rows of `class_logits` whose mask holds a texel."""

    @property
    def segment_logits(self) -> torch.Tensor:
        """[B, 7, U, U], channel 0 no garment."""
