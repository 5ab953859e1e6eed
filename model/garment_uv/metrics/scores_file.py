"""The S2S of every garment of an evaluation, as a small file: what intervals and comparisons sample by sample need."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from garment_uv.errors import UserError
from garment_uv.geometry.s2s import S2S, BothDirections
from garment_uv.metrics.aggregate import GarmentScore
from garment_uv.outputs import write_file

SCORES_FILE = "scores.json"


@dataclass(frozen=True)
class SampleScore(BothDirections):
    """S2S of one garment of one sample, mm."""

    sample: str
    """The sample's key, '<split>-<sequence>-<frame>'."""
    garment: str
    pred_to_true_mm: float
    true_to_pred_mm: float
    missing: bool = False
    """Whether nothing was predicted under its name."""

    @classmethod
    def of(cls, sample: str, score: GarmentScore) -> "SampleScore":
        """The score of a garment of the sample of that key."""
        return cls(sample, score.garment, score.s2s.pred_to_true_mm, score.s2s.true_to_pred_mm, score.missing)

    @property
    def sequence(self) -> str:
        """'<split>-<sequence>': frames of one sequence are no independent measurements."""
        return self.sample.rpartition("-")[0]

    @property
    def score(self) -> GarmentScore:
        """As tables are made of."""
        return GarmentScore(self.garment, S2S(self.pred_to_true_mm, self.true_to_pred_mm), self.missing)


def write_scores(scores: Sequence[SampleScore], folder: Path) -> None:
    """Writes `scores.json` into `folder`: sample, garment, both directions in mm, and whether it was missing."""
    entries = [asdict(score) for score in scores]
    write_file(Path(folder) / SCORES_FILE, json.dumps(entries, indent=0))


def read_scores(path: Path) -> list[SampleScore]:
    """The scores of such a file, in stored order; UserError where it holds none."""
    try:
        return [SampleScore(**entry) for entry in json.loads(Path(path).read_text())]
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"{path} cannot be read as scores ({error}); evaluate the trial again") from None
