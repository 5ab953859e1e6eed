"""The S2S of every garment of an evaluation, as a small file: what intervals and comparisons sample by sample need."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from garment_uv.errors import UserError
from garment_uv.metrics.evaluate import GarmentScore
from garment_uv.metrics.s2s import S2S

SCORES_FILE = "scores.json"


@dataclass(frozen=True)
class SampleScore:
    """The score of one garment of one sample."""

    sample: str
    """The sample's key, '<split>-<sequence>-<frame>'."""
    score: GarmentScore

    @property
    def sequence(self) -> str:
        """'<split>-<sequence>': frames of one sequence are no independent measurements."""
        return self.sample.rpartition("-")[0]


def write_scores(scores: Sequence[SampleScore], folder: Path) -> None:
    """Writes `scores.json` into `folder`: sample, garment, both directions in mm, and whether it was missing."""
    entries = [
        {
            "sample": item.sample,
            "garment": item.score.garment,
            "pred_to_true_mm": round(item.score.s2s.pred_to_true_mm, 4),
            "true_to_pred_mm": round(item.score.s2s.true_to_pred_mm, 4),
            "missing": item.score.missing,
        }
        for item in scores
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SCORES_FILE).write_text(json.dumps(entries, indent=0))


def read_scores(path: Path) -> list[SampleScore]:
    """The scores of such a file, in stored order; UserError where it holds none."""
    try:
        return [_read(entry) for entry in json.loads(Path(path).read_text())]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UserError(f"{path} cannot be read as scores ({error}); evaluate the trial again") from None


def _read(entry: dict) -> SampleScore:
    s2s = S2S(float(entry["pred_to_true_mm"]), float(entry["true_to_pred_mm"]))
    return SampleScore(entry["sample"], GarmentScore(entry["garment"], s2s, bool(entry["missing"])))
