"""What a checkpoint must show before it becomes the champion."""

import math
from dataclasses import dataclass

REPRODUCTION_MM = 1e-3
"""A checkpoint evaluated again must give the logged S2S to within this, mm."""


@dataclass(frozen=True)
class Gate:
    """One demand, what was found, and whether it is met."""

    name: str
    demand: str
    found: str
    passed: bool


def reproduces(logged_mm: float, again_mm: float) -> Gate:
    """The checkpoint, loaded afresh, gives on the validation split what the trial logged."""
    return Gate(
        "reproduces",
        f"validation S2S within {REPRODUCTION_MM} mm of the logged {logged_mm:.4f} mm",
        f"{again_mm:.4f} mm",
        math.isfinite(again_mm) and abs(again_mm - logged_mm) <= REPRODUCTION_MM,
    )


def beats(name: str, model_mm: float, baseline_mm: float) -> Gate:
    """The model is better than a baseline on the test split."""
    return Gate(
        f"beats {name}",
        f"test S2S below {baseline_mm:.2f} mm",
        f"{model_mm:.2f} mm",
        math.isfinite(model_mm) and model_mm < baseline_mm,
    )


def same_dataset(trained: str, given: str) -> Gate:
    """The dataset at the trial's URI is still the version that the trial was trained on."""
    return Gate("same dataset", f"version {trained[:16]}", given[:16], trained == given)


def beats_champion(model_mm: float, champion_mm: float | None) -> Gate:
    """The model is no worse than today's champion on the same test split."""
    if champion_mm is None:
        return Gate("beats champion", "no champion on this dataset yet", f"{model_mm:.2f} mm", True)
    return Gate(
        "beats champion",
        f"test S2S not above the champion's {champion_mm:.2f} mm",
        f"{model_mm:.2f} mm",
        model_mm <= champion_mm + 1e-9,
    )
