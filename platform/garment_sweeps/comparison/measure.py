"""What the name of an error means: of which garments, in which direction, with whose segments.

The names are those that a table of scores gives (`garment_uv.metrics.aggregate`): 's2s/all', 's2s/macro', 's2s/Dress',
's2s_directions/Dress_pred_to_true', and with 's2s_predicted' for 's2s' where the model's own segments were used.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from garment_sweeps.comparison.bootstrap import Totals
from garment_uv.classes import GARMENT_CLASSES
from garment_uv.errors import UserError
from garment_uv.metrics.aggregate import S2STable
from garment_uv.metrics.scores_file import SampleScore

ALL, MACRO = "all", "macro"
_NAME = re.compile(
    rf"s2s(?P<predicted>_predicted)?(?P<directed>_directions)?/(?P<garments>{'|'.join((ALL, MACRO, *GARMENT_CLASSES))})"
    r"(?(directed)_(?P<direction>pred_to_true|true_to_pred|sum))"
)


@dataclass(frozen=True)
class Measure:
    """An error in mm that a sweep makes small."""

    metric: str
    """Its name."""
    garments: str
    """'all', 'macro' or a class."""
    direction: str
    """'pred_to_true', 'true_to_pred', 'sum', or '' for the mean of both directions."""
    segments: Literal["given", "predicted"]

    @property
    def words(self) -> str:
        """As tables and pages say it."""
        if self.direction:
            return self.metric
        of = {ALL: "", MACRO: ", mean of the classes"}.get(self.garments, f" of {self.garments}")
        return f"S2S{of}{', own segments' if self.segments == 'predicted' else ''}"

    def of_table(self, table: S2STable) -> float:
        """Its value in a table that was made with these segments; UserError where no such garment was scored."""
        name = self.metric.replace("s2s_predicted", "s2s", 1)
        values = table.to_dict()
        if name not in values:
            raise self._unscored()
        return values[name]

    def totals(self, models: Sequence[Sequence[SampleScore]]) -> list[Totals]:
        """Sums over sequences of models that were scored on the same garments in the same order, by group of garments.

        UserError where no such garment was scored.
        """
        names, which = np.unique([item.sequence for item in models[0]], return_inverse=True)
        worn = np.array([item.garment for item in models[0]])
        errors = np.array([[self._error(item) for item in model] for model in models])
        groups = []
        for name in GARMENT_CLASSES if self.garments == MACRO else (self.garments,):
            chosen = np.flatnonzero((worn == name) | (name == ALL))
            if len(chosen):
                sums = [np.bincount(which[chosen], of_model, len(names)) for of_model in errors[:, chosen]]
                counts = np.bincount(which[chosen], minlength=len(names))
                groups.append(Totals(np.stack(sums, axis=1), counts.astype(float)))
        if not groups:
            raise self._unscored()
        return groups

    def _unscored(self) -> UserError:
        return UserError(f"no {self.garments} was scored, so there is no {self.metric}; take a split that holds some")

    def _error(self, score: SampleScore) -> float:
        if self.direction == "sum":
            return score.pred_to_true_mm + score.true_to_pred_mm
        return getattr(score, f"{self.direction}_mm") if self.direction else score.mean_mm


def measure_of(metric: str) -> Measure:
    """The measure of that name; UserError for a name that is no error."""
    match = _NAME.fullmatch(metric)
    if match is None:
        raise UserError(f"{metric!r} is no error of garments; it is as s2s/all, s2s/macro or s2s/{GARMENT_CLASSES[0]}")
    own = match["predicted"] is not None
    return Measure(metric, match["garments"], match["direction"] or "", "predicted" if own else "given")
