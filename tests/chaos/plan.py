"""Which part is killed when: drawn beforehand from a seed."""

import random
from dataclasses import dataclass

VICTIMS = {
    "driver": "the process of `garment sweep`; its supervisor starts it again with --resume",
    "worker": "the process of a trial",
    "node": "a raylet with its agents and workers; another node joins",
    "mlflow": "the tracking server; started again on its store",
    "postgres": "all processes of the study's database; started again on its data",
    "s3": "all processes of the checkpoints' store; started again on its data",
}
"""Every victim, with what happens to it."""
DELAY_S = 2.0
"""Kills come up to so long after the epoch that they wait for, so that they hit any moment of an epoch, seconds."""
IN_QUICK_SUCCESSION = 0.2
"""Share of kills that do not wait for an epoch, so that they hit what still recovers from the one before."""


@dataclass(frozen=True)
class Kill:
    """One kill -9."""

    number: int
    victim: str
    after_epochs: int
    """It waits until the sweep has reported so many epochs, over all trials."""
    delay_s: float
    """And then for so long."""
    pick: float
    """In [0, 1): which of several workers or nodes."""
    down_s: float
    """How long a server stays down before it is started again."""


def plan_kills(count: int, victims: tuple[str, ...], epochs: int, seed: int) -> list[Kill]:
    """`count` kills over a sweep of `epochs` epochs in all; every victim about as often as the others, in any order."""
    rng = random.Random(seed)
    chosen = [victims[i % len(victims)] for i in range(count)]
    rng.shuffle(chosen)
    moments = sorted(rng.randrange(1, max(2, int(0.9 * epochs))) for _ in chosen)
    kills = []
    for number, (victim, moment) in enumerate(zip(chosen, moments, strict=True)):
        quick = number > 0 and rng.random() < IN_QUICK_SUCCESSION
        kills.append(
            Kill(
                number=number,
                victim=victim,
                after_epochs=kills[-1].after_epochs if quick else moment,
                delay_s=rng.uniform(0, DELAY_S),
                pick=rng.random(),
                down_s=rng.uniform(0.2, 3.0),
            )
        )
    return kills
