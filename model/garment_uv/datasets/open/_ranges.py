"""What cuts are drawn from with variety="full": how often each kind comes up, and between which values. Ours.

Heights and reaches are as in `outfits`; docs/variety.md shows them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

Spans = Mapping[str, tuple[float, float, float]]
"""Name to how often it comes up, and its least and largest value."""
WAISTS: Spans = {"low": (0.25, 0.005, 0.04), "middle": (0.4, 0.04, 0.12), "high": (0.35, 0.12, 0.19)}
HEMS_OVER_WAIST: Spans = {"meets": (0.6, -0.03, -0.008), "covers": (0.2, -0.05, -0.03), "crop": (0.2, 0.01, 0.08)}
"""How much higher than the lower's waist an upper ends."""
LEGS: Spans = {
    "hot": (0.12, -0.27, -0.2),
    "short": (0.18, -0.42, -0.27),
    "knee": (0.2, -0.66, -0.42),
    "long": (0.5, -0.9, -0.7),
}
SKIRTS: Spans = {
    "mini": (0.28, -0.4, -0.24),
    "knee": (0.3, -0.58, -0.4),
    "midi": (0.22, -0.74, -0.58),
    "long": (0.2, -0.87, -0.74),
}
SLEEVES: Spans = {
    "cap": (0.2, 0.188, 0.225),
    "short": (0.32, 0.24, 0.36),
    "elbow": (0.16, 0.4, 0.52),
    "long": (0.32, 0.56, 0.635),
}
DRESS_WAISTS: Spans = {
    "natural": (0.45, 0.08, 0.12),
    "empire": (0.2, 0.17, 0.21),
    "dropped": (0.15, 0.0, 0.04),
    "none": (0.2, 0.1, 0.1),
}
FABRICS_OF: Mapping[str, Mapping[str, float]] = {
    "upper": {
        "cotton": 0.3,
        "knit": 0.25,
        "silk": 0.13,
        "linen": 0.12,
        "denim": 0.06,
        "leather": 0.05,
        "wool": 0.04,
        "velvet": 0.05,
    },
    "legs": {
        "denim": 0.32,
        "cotton": 0.2,
        "wool": 0.13,
        "linen": 0.11,
        "leather": 0.09,
        "knit": 0.08,
        "velvet": 0.04,
        "silk": 0.03,
    },
    "skirt": {
        "cotton": 0.24,
        "silk": 0.2,
        "denim": 0.12,
        "linen": 0.12,
        "wool": 0.12,
        "velvet": 0.08,
        "leather": 0.06,
        "knit": 0.06,
    },
}
"""How often each fabric comes up where."""
STYLES: Mapping[str, float] = {"straight": 0.2, "flared": 0.3, "circle": 0.15, "gathered": 0.2, "pleated": 0.15}
"""How often skirts of each style come up."""
SLEEVELESS = 0.4
"""Share of dresses and jumpsuits without sleeves."""
UNEVEN, SLIT = 0.25, 0.35
"""Share of skirts and dresses with an asymmetric hem; of narrow ones that are long enough, with slits."""
FLARES: Mapping[str, tuple[float, float]] = {
    "straight": (0.0, 0.06),
    "flared": (0.08, 0.22),
    "circle": (0.22, 0.32),
    "gathered": (0.04, 0.16),
    "pleated": (0.04, 0.14),
}
"""Least and largest flare of a skirt of each style, metres."""
FULLNESSES: Mapping[str, tuple[float, float]] = {
    "straight": (0.02, 0.12),
    "flared": (0.08, 0.3),
    "circle": (0.08, 0.2),
    "gathered": (0.25, 0.45),
    "pleated": (0.0, 0.0),
}
"""Least and largest share of cloth gathered into it."""
FOLD_DEPTHS: Mapping[str, float] = {
    "straight": 0.004,
    "flared": 0.015,
    "circle": 0.02,
    "gathered": 0.022,
    "pleated": 0.0,
}
"""Depth of its folds at the hem where cloth is procedural, metres."""
PLEATS, PLEAT_WIDTHS = (12, 18, 24), (0.25, 0.55)
"""Pleats around, and the share of width that they add."""


@dataclass(frozen=True)
class Draw:
    """A random stream and what is asked of it."""

    rng: np.random.Generator

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def of(self, shares: Mapping[str, float]) -> str:
        weights = np.array(list(shares.values()))
        return str(self.rng.choice(list(shares), p=weights / weights.sum()))

    def span(self, spans: Spans) -> tuple[str, float]:
        name = self.of({name: share for name, (share, _, _) in spans.items()})
        return name, self.between(*spans[name][1:])

    def chance(self, share: float) -> bool:
        return bool(self.rng.uniform() < share)
