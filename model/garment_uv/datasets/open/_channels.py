"""What a motion is made of: named joint-angle channels over time, and the curves that fill them. Ours."""

import numpy as np

Channels = dict[str, np.ndarray]
"""Channel name to its angle per frame, degrees; 'travel' and 'height' are metres."""
SIDED = "hip_flex hip_out hip_turn knee ankle shoulder_flex shoulder_out shoulder_turn elbow clavicle wrist".split()
CHANNELS = [f"{name}_{side}" for name in SIDED for side in "lr"] + (
    "bend twist lean nod look turn travel height pitch".split()
)


def wave(time: np.ndarray, rng: np.random.Generator, low: float, high: float, parts: int = 2) -> np.ndarray:
    """A smooth random curve within about +-1: `parts` sinusoids of `low` to `high` Hz."""
    total = np.zeros_like(time)
    for weight in (1.0, 0.5, 0.3)[:parts]:
        total += weight * np.sin(2 * np.pi * (rng.uniform(low, high) * time + rng.uniform()))
    return total / sum((1.0, 0.5, 0.3)[:parts])


def cycle(time: np.ndarray, rng: np.random.Generator, low: float, high: float) -> np.ndarray:
    """Phase in radians of a repeated movement of `low` to `high` Hz, random start."""
    return 2 * np.pi * (rng.uniform(low, high) * time + rng.uniform())


def both(channels: Channels, name: str, values: np.ndarray) -> None:
    for side in "lr":
        channels[f"{name}_{side}"] += values
