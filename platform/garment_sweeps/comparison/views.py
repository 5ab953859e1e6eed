"""The 3D views of a page: a row for each sample, its truth first and then what each run makes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from garment_sweeps.comparison.runs import ComparedRun
from garment_uv.classes import GARMENT_CLASSES

if TYPE_CHECKING:
    from garment_uv.viewing.exhibits import Exhibit
    from garment_uv.viewing.viewer import Panel

MOST_SAMPLES = 12


@dataclass(frozen=True)
class Cell:
    """One view."""

    panel: int | None
    """Its number among the page's panels; None where the run did not keep the sample."""
    note: str = ""
    """S2S of the garments, mm."""


@dataclass(frozen=True)
class ViewRow:
    """One sample."""

    key: str
    garments: str
    truth: Cell
    cells: tuple[Cell, ...]
    """By run."""


def views(runs: Sequence[ComparedRun]) -> "tuple[list[Panel], list[ViewRow]]":
    """The panels of all views, and the rows that they stand in: at most `MOST_SAMPLES`, those that most runs kept."""
    from garment_uv.viewing.exhibits import view_meshes
    from garment_uv.viewing.viewer import Panel

    panels: list[Panel] = []

    def add(key: str, title: str, meshes: list) -> int:
        panels.append(Panel(f"{key}: {title}", tuple(meshes), group=key))
        return len(panels) - 1

    rows = []
    for key in _keys(runs):
        kept = [next((item for item in run.exhibits if item.key == key), None) for run in runs]
        truth = next(item for item in kept if item is not None).truth
        first = Cell(add(key, "truth", view_meshes(truth)))
        cells = [
            Cell(add(key, run.name, _coloured(item)), _note(run, item)) if item is not None else Cell(None)
            for run, item in zip(runs, kept, strict=True)
        ]
        rows.append(ViewRow(key, ", ".join(truth), first, tuple(cells)))
    return panels, rows


def _keys(runs: Sequence[ComparedRun]) -> list[str]:
    """Samples in the order of their garments' classes, so that like stands beside like."""
    kept: dict[str, int] = {}
    garments: dict[str, tuple[str, ...]] = {}
    for run in runs:
        for item in run.exhibits:
            kept[item.key] = kept.get(item.key, 0) + 1
            garments[item.key] = tuple(item.truth)
    chosen = sorted(kept, key=lambda key: (-kept[key], key))[:MOST_SAMPLES]
    return sorted(chosen, key=lambda key: ([GARMENT_CLASSES.index(name) for name in garments[key]], key))


def _coloured(exhibit: "Exhibit") -> list:
    """Predicted garments in the colours of their errors, those measured when they were made where they were kept."""
    from dataclasses import replace

    from garment_uv.viewing.exhibits import view_meshes

    kept = exhibit.distance_mm
    if set(kept) != set(exhibit.prediction):
        from garment_uv.viewing.gallery import error_meshes

        return error_meshes(exhibit.prediction, exhibit.truth)
    return [replace(mesh, values=kept[mesh.name]) for mesh in view_meshes(exhibit.prediction)]


def _note(run: ComparedRun, exhibit: "Exhibit") -> str:
    """What the gallery measured; of one that kept no scores what the run did, if it scored that sample."""
    scores = exhibit.scores or [score for score in run.scores if score.sample == exhibit.key]
    return " · ".join(f"{score.garment} {score.mean_mm:.1f}{' (missing)' if score.missing else ''}" for score in scores)
