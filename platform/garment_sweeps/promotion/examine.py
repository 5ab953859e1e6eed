"""Models on one split, from their files: S2S of every garment, faults of the meshes, and how two models differ.

They differ by the paired bootstrap over sequences, the same as on the comparison page:
`garment_sweeps.comparison.bootstrap` says how the bounds are found and how often they hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from garment_sweeps.comparison.bootstrap import resample
from garment_sweeps.comparison.measure import Measure
from garment_uv.metrics.aggregate import S2STable
from garment_uv.metrics.sanity import MeshCounts
from garment_uv.metrics.scores_file import SampleScore
from garment_uv.samples.source import DatasetSource
from garment_uv.training.predict import SegmentSource


@dataclass(frozen=True)
class Examined:
    """What a model showed on a split."""

    scores: tuple[SampleScore, ...]
    """In stored order."""
    faults: MeshCounts

    @cached_property
    def table(self) -> S2STable:
        """S2S per class and overall."""
        return S2STable.from_scores(item.score for item in self.scores)


def examine(folder: Path, source: DatasetSource, split: str, segments: SegmentSource, stretch: float) -> Examined:
    """Loads the model and runs it over the split; `stretch` says which edges are exploded (see `metrics.sanity`).

    Raises:
        UserError: the model is damaged or of another atlas, or the split holds no raw meshes.
        Infeasible: it predicts vertices that are not finite.
    """
    from garment_uv.training.evaluate import saved_evaluator

    scores: list[SampleScore] = []
    faults = MeshCounts()
    for item in saved_evaluator(folder, source, stretch=stretch).samples(split, segments):
        scores += item.sample_scores
        faults += item.faults
    return Examined(tuple(scores), faults)


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
