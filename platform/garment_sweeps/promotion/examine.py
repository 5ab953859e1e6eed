"""A model on one split, from its files: S2S of every garment with its sequence, and what is wrong with the meshes."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

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
