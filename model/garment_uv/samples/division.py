"""How the batches of a training are divided among the processes that train together."""

from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class Portion:
    """Which samples of a whole batch one process holds."""

    whole: int
    """Samples of the whole batch, over all processes."""
    first: int
    """Position in it of the first sample held."""
    size: int
    """Samples held, at least 1."""
    counts: bool = True
    """False where the process has no sample of its own and holds another's, so that it takes part in every step."""

    def of(self, whole: torch.Tensor) -> torch.Tensor:
        """The rows of these samples in something [W, ...] that was made for the whole batch, as random numbers are."""
        return whole[self.first : self.first + self.size]


@dataclass(frozen=True)
class Division:
    """One of the processes, and how many there are."""

    rank: int = 0
    processes: int = 1

    def portion(self, whole: int) -> Portion:
        """This process's portion of a batch of so many samples: consecutive ones, as evenly as it goes."""
        first, end = (whole * rank // self.processes for rank in (self.rank, self.rank + 1))
        if first == end:
            return Portion(whole, first=0, size=1, counts=False)
        return Portion(whole, first, end - first)

    def own_chunks(self, positions: np.ndarray, size: int) -> np.ndarray:
        """Of positions [N] in chunks of `size`, those of every `processes`-th chunk, beginning with number `rank`."""
        chunk = np.arange(len(positions)) // size
        return positions[chunk % self.processes == self.rank]
