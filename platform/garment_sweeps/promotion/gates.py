"""What a checkpoint must show before it becomes the champion, and the limits with what they were set by."""

import math
from dataclasses import dataclass

from pydantic import Field

from garment_sweeps.comparison.measure import Measure
from garment_sweeps.promotion.examine import Difference
from garment_uv.config import Config
from garment_uv.metrics.aggregate import S2STable
from garment_uv.metrics.sanity import MeshCounts


class GatesConfig(Config):
    """What a candidate must keep to become the champion.

    The defaults of the mesh gates lie between the registered true garments and broken ones, with room for models that
    are still learning. On 18 test samples of the open benchmark set at 128 texels (`open192-5de7c02c`) the true
    garments have 0.9 % flipped faces, no exploded one and 0.03 % of their vertices inside the body, and small models
    after a few epochs at most 0.1 %, none and 1.5 %; the ablation's row without displacement maps has 5 %, none and
    20 %. A garment turned inside out has all its faces flipped.
    """

    reproduction_mm: float = Field(default=1e-3, ge=0, le=1)
    """A checkpoint evaluated again must give what was logged to within this."""
    level: float = Field(default=0.95, gt=0.5, lt=1)
    """Of the two-sided interval of the difference to the champion, which must lie below zero as a whole."""
    resamples: int = Field(default=10_000, ge=1_000, le=1_000_000)
    """Of the paired bootstrap over sequences."""
    bootstrap_seed: int = Field(default=0, ge=0, lt=2**31)
    least_sequences: int = Field(default=6, ge=2)
    """In the test split: of fewer, all differ the same way by chance too often (one in 32 times with 5 a side)."""
    class_margin_mm: float = Field(default=1.0, ge=0)
    """By how much one garment class may be worse than the champion's. About what registration loses on the hardest
    class: the median floor of the open set's skirts is 1.00 mm."""
    flipped_share: float = Field(default=0.05, ge=0, le=1)
    """Of all faces, at most."""
    stretch: float = Field(default=15.0, gt=1)
    """A face with an edge over so many times the same edge of the body, or the body's median edge if that is longer, is
    exploded. Of all true garments in that test split no edge is over 8.4 times as long (a wide dress)."""
    exploded_share: float = Field(default=0.001, ge=0, le=1)
    """Of all faces, at most."""
    inside_share: float = Field(default=0.05, ge=0, le=1)
    """Of all vertices, at most."""


@dataclass(frozen=True)
class Gate:
    """One demand, what was found, and whether it is met."""

    name: str
    demand: str
    found: str
    passed: bool


def same_dataset(trained: str, given: str) -> Gate:
    """The dataset at the trial's URI is still the version that the trial was trained on."""
    return Gate("same dataset", f"version {trained[:16]}", given[:16], trained == given)


def same_file(logged: str, found: str) -> Gate:
    """The weights in the artifact store have the sha256 that the trial logged; nothing reads them before."""
    return Gate("digest", f"weights with sha256 {logged[:16]}", found[:16], bool(logged) and logged == found)


def finite(fault: str) -> Gate:
    """Every predicted vertex is a number; `fault` says otherwise, empty for none."""
    return Gate("finite", "every predicted vertex is finite", fault or "all are", not fault)


def reproduces(name: str, measure: Measure, logged_mm: float, again_mm: float, config: GatesConfig) -> Gate:
    """The checkpoint, loaded afresh, gives what was logged.

    Of a trial that is the validation split, which is all that trials measure: the search must not see the test split.
    That one is logged when a model is first examined for promotion, and must come out the same from then on.
    """
    return Gate(
        f"reproduces {name}",
        f"{name} {measure.words} within {config.reproduction_mm:g} mm of the logged {logged_mm:.4f} mm",
        f"{again_mm:.4f} mm",
        math.isfinite(again_mm) and abs(again_mm - logged_mm) <= config.reproduction_mm,
    )


def beats(name: str, measure: Measure, model_mm: float, baseline_mm: float) -> Gate:
    """The model is better than a baseline on the test split."""
    return Gate(
        f"beats {name}",
        f"test {measure.words} below {baseline_mm:.2f} mm",
        f"{model_mm:.2f} mm",
        math.isfinite(model_mm) and model_mm < baseline_mm,
    )


def beats_champion(difference: Difference, measure: Measure, config: GatesConfig) -> Gate:
    """The model is better than today's champion by more than the test sequences' noise."""
    enough = difference.sequences >= config.least_sequences
    return Gate(
        "beats champion",
        f"{config.level:.0%} interval of test {measure.words} minus the champion's, two-sided, paired over at least "
        f"{config.least_sequences} sequences, below 0 mm",
        f"{difference.mean_mm:+.2f} mm, {difference.low_mm:+.2f} to {difference.high_mm:+.2f} mm over "
        f"{difference.sequences} sequences",
        enough and difference.high_mm < 0,
    )


def no_class_worse(model: S2STable, champion: S2STable, config: GatesConfig) -> Gate:
    """No garment class has become worse by more than the margin."""
    gaps = {name: model.classes[name].mean_mm - row.mean_mm for name, row in champion.classes.items()}
    worst = max(gaps, key=lambda name: gaps[name])
    return Gate(
        "no class worse",
        f"no garment class more than {config.class_margin_mm:g} mm worse than the champion's",
        f"at most {gaps[worst]:+.2f} mm ({worst})",
        gaps[worst] <= config.class_margin_mm,
    )


def not_compared(why: str, allowed: bool) -> Gate:
    """Stands for the two gates above where there is no champion to compare with, or none that can be."""
    return Gate("beats champion", "a champion to compare with, or none at all", why, allowed)


def sound_meshes(counts: MeshCounts, config: GatesConfig) -> list[Gate]:
    """The predicted meshes are neither turned inside out nor torn apart, and lie outside the body."""
    rows = (
        ("flipped faces", "faces that look the other way than the body's", counts.flipped_share, config.flipped_share),
        (
            "exploded faces",
            f"faces with an edge over {config.stretch:g} times the body's",
            counts.exploded_share,
            config.exploded_share,
        ),
        ("outside the body", "vertices inside the body", counts.inside_share, config.inside_share),
    )
    return [
        Gate(name, f"at most {limit:.2%} {what}", f"{share:.2%}", share <= limit) for name, what, share, limit in rows
    ]
