"""Which batches an epoch takes: a whole pass over the data, or as many samples as the config says, pass after pass."""

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
