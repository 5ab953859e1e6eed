"""What each sequence is to be, decided before any of it is made: from the seed and the sequence's number alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from garment_uv.datasets.open.motion import EVERYDAY, MOTIONS
from garment_uv.datasets.open.outfits import OUTFIT_ORDER
from garment_uv.errors import UserError

DEFAULT_SPLITS: Mapping[str, float] = {"train": 0.6, "val": 0.2, "test": 0.2}
"""Share of the sequences in each split."""
Variety = Literal["basic", "full"]
"""How widely a set is drawn: as it was at first, for old figures, or with all cuts, fabrics, motions and cameras."""


@dataclass(frozen=True)
class SequencePlan:
    """One sequence's place and its fixed choices; the rest is drawn from its own random stream."""

    split: str
    number: int
    """Its id, the same number in no other split."""
    seed: int
    garments: tuple[str, ...]
    motion: str
    frames: int
    variety: Variety = "basic"

    @property
    def folder(self) -> str:
        """`<split>/<5-digit id>`."""
        return f"{self.split}/{self.number:05d}"

    def random(self) -> np.random.Generator:
        """The sequence's random stream."""
        return np.random.default_rng([self.seed, self.number])


def plan_sequences(
    sequences: int, frames: int, seed: int, splits: Mapping[str, float], variety: Variety = "basic"
) -> list[SequencePlan]:
    """All sequences of a set; every split goes through the outfits in the same order, so small splits vary too.

    With variety "full" there are 11 motions to 6 outfits, which have no common factor: each split's first 66 sequences
    are every outfit in every motion once, its next 66 once more.

    UserError on counts below 1, a negative seed, no split, shares that are negative or all 0, or another variety.
    """
    if variety not in get_args(Variety):
        raise UserError(f"variety is 'basic' or 'full', was given {variety!r}")
    for name, value, least in (("sequences", sequences, 1), ("frames", frames, 1), ("seed", seed, 0)):
        if value < least:
            raise UserError(f"{name} must be at least {least}, was given {value}")
    if sequences > 99_999:
        raise UserError(f"sequences must be at most 99999 (ids have five digits), was given {sequences}")
    plans: list[SequencePlan] = []
    kinds = list(MOTIONS | EVERYDAY) if variety == "full" else list(MOTIONS)
    for offset, (split, count) in enumerate(split_counts(sequences, splits).items()):
        for index in range(count):
            shift = 0 if variety == "full" else index // len(kinds)
            motion = kinds[(index + shift + 3 * offset) % len(kinds)]
            outfit = OUTFIT_ORDER[index % len(OUTFIT_ORDER)]
            plans.append(SequencePlan(split, len(plans), seed, outfit, motion, frames, variety))
    return plans


def split_counts(sequences: int, splits: Mapping[str, float]) -> dict[str, int]:
    """Sequences per split by largest remainder; each split with a share gets one where there are enough."""
    total = sum(splits.values())
    bad = [name for name, share in splits.items() if share < 0 or not name.isidentifier()]
    if bad or total <= 0:
        raise UserError(
            f"splits are names with shares of 0 or more, such as train=0.6 val=0.2 test=0.2; was given {dict(splits)}"
        )
    exact = {name: sequences * share / total for name, share in splits.items()}
    counts = {name: int(value + 1e-9) for name, value in exact.items()}
    by_remainder = sorted(exact, key=lambda name: counts[name] - exact[name])
    for name in by_remainder[: sequences - sum(counts.values())]:
        counts[name] += 1
    for name in counts:
        largest = max(counts, key=lambda other: counts[other])
        if counts[name] == 0 and splits[name] > 0 and counts[largest] > 1:
            counts[name], counts[largest] = 1, counts[largest] - 1
    return counts
