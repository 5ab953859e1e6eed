"""Which part is killed, frozen or lost when: drawn beforehand from a seed."""

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
"""Every victim of kill -9, with what happens to it."""
FREEZE, LOSS = "freeze", "database"
"""What befalls a sweep beside kills: its driver stands still for longer than its lease while another takes over, and
the study's database is lost while no driver runs."""
FREEZES = (
    "anywhere",
    "in a write",
    "anywhere, and its trials' processes die",
    "in a write, and its trials' processes die",
)
"""How a driver is frozen: where it just is, or in the middle of a transaction; and with its trials' processes, whose
ends it hears of when it goes on. Of its trials, those that live or wait keep their places in Ray until it ends."""
IN_A_WRITE, WORKERS_LOST = FREEZES[1::2], FREEZES[2:]
DELAY_S = 2.0
"""Kills come up to so long after the epoch that they wait for, so that they hit any moment of an epoch, seconds."""
IN_QUICK_SUCCESSION = 0.2
"""Share of kills that do not wait for an epoch, so that they hit what still recovers from the one before."""


@dataclass(frozen=True)
class Kill:
    """One kill -9, or freeze, or loss."""

    number: int
    victim: str
    """One of `VICTIMS`, `FREEZE` or `LOSS`."""
    after_epochs: int
    """It waits until the sweep has reported so many epochs, over all trials."""
    delay_s: float
    """And then for so long."""
    pick: float
    """In [0, 1): which of several workers or nodes, and of the `FREEZES`."""
    down_s: float
    """How long a server stays down before it is started again, and a frozen driver after it was taken over."""


def plan_kills(
    count: int, victims: tuple[str, ...], epochs: int, seed: int, freezes: int = 0, losses: int = 0
) -> list[Kill]:
    """`count` kills over a sweep of `epochs` epochs in all, every victim about as often as the others, and so many
    freezes and losses between them, in any order."""
    rng = random.Random(seed)
    chosen = [victims[i % len(victims)] for i in range(count)] + [FREEZE] * freezes + [LOSS] * losses
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
