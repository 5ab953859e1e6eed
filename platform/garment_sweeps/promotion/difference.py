"""How much better one model is than another on the same samples, and how sure that is.

By the paired bootstrap over sequences, the same as on the comparison page: `garment_sweeps.comparison.bootstrap` says
how the bounds are found and how often they hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from garment_sweeps.comparison.bootstrap import resample
from garment_sweeps.comparison.measure import Measure
from garment_uv.metrics.scores_file import SampleScore


@dataclass(frozen=True)
class Difference:
    """First model minus second, mm: negative where the first is better."""

    mean_mm: float
    low_mm: float
    high_mm: float
    """Bounds of the two-sided interval; infinite with fewer than two sequences."""
    sequences: int


def paired_difference(
    first: Sequence[SampleScore],
    second: Sequence[SampleScore],
    measure: Measure,
    level: float,
    resamples: int,
    seed: int,
) -> Difference:
    """The difference of one error of two models that were scored on the same garments, in the same order.

    Each garment of each sample counts once, so a sequence with more garments counts more.

    Raises:
        ValueError: they were not scored on the same garments.
        UserError: no garment of the kind that `measure` is of was scored.
    """
    if [(item.sample, item.garment) for item in first] != [(item.sample, item.garment) for item in second]:
        raise ValueError("two models can be paired only over the same garments in the same order")
    resampled = resample(measure.totals([first, second]), resamples, seed)
    gap, mean = resampled.gap(level), float(resampled.means[0] - resampled.means[1])
    return Difference(mean, mean - gap, mean + gap, resampled.sequences)
