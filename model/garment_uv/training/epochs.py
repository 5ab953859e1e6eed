"""Which batches an epoch takes, and the learning rate over the epochs (Tang et al., CVPR 2020)."""

from collections.abc import Iterator
from typing import NamedTuple


class Stretch(NamedTuple):
    """Batches of one pass."""

    number: int
    """Of the pass, from 0; with the seed it decides the pass's order."""
    start: int
    """Its first batch that is taken."""
    stop: int
    """And the first one that is not."""


def stretches(epoch: int, pass_batches: int, epoch_batches: int = 0) -> Iterator[Stretch]:
    """The batches of one epoch, in order, where a pass has `pass_batches`.

    With `epoch_batches` > 0 an epoch takes so many and begins where the one before ended: over the epochs every batch
    of every pass comes once, however the two numbers stand to each other.
    """
    size = epoch_batches or pass_batches
    at, end = epoch * size, (epoch + 1) * size
    while at < end:
        number, start = divmod(at, pass_batches)
        stop = min(pass_batches, start + end - at)
        yield Stretch(number, start, stop)
        at += stop - start


def rate_factor(epoch: int, epochs: int, decay_from: float) -> float:
    """What the base rates are multiplied by in `epoch` (0-based) of `epochs`.

    1 until `decay_from * epochs`, then falling linearly; the zero itself would come one epoch after the
    last, so that every epoch still learns. A pure function of the epoch: a resumed training needs no
    scheduler state to get the same rates.
    """
    first = round(decay_from * epochs)
    if epoch < first:
        return 1.0
    return max(0.0, 1.0 - (epoch - first + 1) / (epochs - first + 1))
