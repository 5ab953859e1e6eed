"""From scores to a table: a row per class, and two ways to say it in one number; several tables in one."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from garment_uv.classes import GARMENT_CLASSES
from garment_uv.errors import UserError
from garment_uv.geometry.s2s import S2S, BothDirections


@dataclass(frozen=True)
class GarmentScore:
    """S2S of one garment in one sample."""

    garment: str
    """The true garment's class name."""
    s2s: S2S
    missing: bool = False
    """Whether nothing was predicted under this name."""


@dataclass(frozen=True)
class S2SRow(BothDirections):
    """Means over a number of garments, mm."""

    samples: int
    """Garments scored; an outfit of two pieces counts twice."""
    missing: int
    """How many of them were not predicted under their name."""
    pred_to_true_mm: float
    true_to_pred_mm: float


@dataclass(frozen=True)
class S2STable:
    """S2S per class and overall."""

    classes: dict[str, S2SRow]
    """By class name, in the classes' order; classes without a sample have no row."""
    all: S2SRow
    """Each garment in each sample counts once: the published 'All'."""
    macro: S2SRow
    """Each class counts once."""

    @classmethod
    def from_scores(cls, scores: Iterable[GarmentScore]) -> "S2STable":
        """The table of `scores`; UserError when there are none."""
        scores = list(scores)
        if not scores:
            raise UserError("no garment was scored; evaluate a split that holds samples with raw garments")
        chosen = {name: [score for score in scores if score.garment == name] for name in GARMENT_CLASSES}
        rows = {name: _mean_row(worn) for name, worn in chosen.items() if worn}
        macro = S2SRow(
            len(scores),
            sum(row.missing for row in rows.values()),
            sum(row.pred_to_true_mm for row in rows.values()) / len(rows),
            sum(row.true_to_pred_mm for row in rows.values()) / len(rows),
        )
        return cls(rows, _mean_row(scores), macro)

    def to_dict(self) -> dict[str, float]:
        """What is logged by metric name: all `errors`, and how many garments were missing as 's2s/missing'."""
        return {**self.errors(), "s2s/missing": float(self.all.missing)}

    def errors(self) -> dict[str, float]:
        """Metric names to mm: 's2s/all', 's2s/Top', 's2s/macro', 's2s_directions/all_pred_to_true', ...

        What stands before the slash is a group of charts in MLflow: the means do not drown among the directions.
        """
        values: dict[str, float] = {}
        for name, row in self._rows():
            values[f"s2s/{name}"] = row.mean_mm
            values[f"s2s_directions/{name}_pred_to_true"] = row.pred_to_true_mm
            values[f"s2s_directions/{name}_true_to_pred"] = row.true_to_pred_mm
            values[f"s2s_directions/{name}_sum"] = row.sum_mm
        return values

    @classmethod
    def of_zeros(cls, classes: Iterable[str] = GARMENT_CLASSES) -> "S2STable":
        """The table of a perfect model where samples wear these classes: for what a table is made of."""
        row = S2SRow(samples=0, missing=0, pred_to_true_mm=0.0, true_to_pred_mm=0.0)
        worn = set(classes)
        return cls({name: row for name in GARMENT_CLASSES if name in worn}, row, row)

    def plain(self) -> dict[str, Any]:
        """The table as JSON types; `from_plain` reads it back."""
        return {name: asdict(row) for name, row in self._rows()}

    @classmethod
    def from_plain(cls, values: dict[str, Any]) -> "S2STable":
        """The table from `plain()`'s answer."""
        rows = {name: S2SRow(**row) for name, row in values.items()}
        return cls({name: rows[name] for name in GARMENT_CLASSES if name in rows}, rows["all"], rows["macro"])

    def text(self) -> str:
        """The table for a terminal: S2S and both directions in mm."""
        lines = [f"{'class':<10}{'garments':>9}{'S2S mm':>9}{'P->G':>9}{'G->P':>9}{'sum':>9}{'missing':>9}"]
        for name, row in self._rows():
            figures = (row.mean_mm, row.pred_to_true_mm, row.true_to_pred_mm, row.sum_mm)
            shown = "".join(f"{figure:>9.1f}" for figure in figures)
            lines.append(f"{name:<10}{row.samples:>9}{shown}{row.missing:>9}")
        return "\n".join(lines)

    def _rows(self) -> list[tuple[str, S2SRow]]:
        return [*self.classes.items(), ("all", self.all), ("macro", self.macro)]


def _mean_row(scores: list[GarmentScore]) -> S2SRow:
    count = len(scores)
    return S2SRow(
        count,
        sum(score.missing for score in scores),
        sum(score.s2s.pred_to_true_mm for score in scores) / count,
        sum(score.s2s.true_to_pred_mm for score in scores) / count,
    )


COLUMNS = (*GARMENT_CLASSES, "all", "macro")


def side_by_side(tables: Mapping[str, S2STable]) -> str:
    """For a terminal: S2S in mm per class, over all garments and as the classes' mean, and garments missing."""
    width = max(len(name) for name in tables) + 2
    lines = [f"{'S2S, mm':<{width}}" + "".join(f"{name:>10}" for name in (*COLUMNS, "missing"))]
    for name, table in tables.items():
        found = figures(table)
        cells = [f"{found[column]:>10.1f}" if column in found else f"{'-':>10}" for column in COLUMNS]
        lines.append(f"{name:<{width}}" + "".join(cells) + f"{table.all.missing:>10}")
    return "\n".join(lines)


def figures(table: S2STable) -> dict[str, float]:
    """S2S in mm by column; classes without a sample have none."""
    rows = {**table.classes, "all": table.all, "macro": table.macro}
    return {name: row.mean_mm for name, row in rows.items()}
