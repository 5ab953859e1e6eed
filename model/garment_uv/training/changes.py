"""Which config fields may change while a training goes on: those that no weight, no moment and no sample depends on."""

FIELDS = (
    "training.colour_jitter",
    "training.decay_from",
    "training.divergence_mm",
    "training.collapse_epochs",
    "training.collapse_loss",
)
GROUPS = ("loss", "training.optimiser")
"""Every field of these: weights of the losses, rates and betas."""


def may_change(path: str) -> bool:
    """Whether a training can go on from a checkpoint with another value of this field."""
    return path in FIELDS or path.startswith(tuple(f"{group}." for group in GROUPS))


def changeable() -> str:
    """All of them in words, for messages."""
    return ", ".join([*(f"{group}.*" for group in GROUPS), *FIELDS])
