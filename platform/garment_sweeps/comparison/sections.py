"""The views, tables and charts of a page, from what was gathered of its runs, as plain data for the template."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from garment_sweeps.comparison.charts import Dot, Line, line_chart, scatter_chart
from garment_sweeps.comparison.importance import Importance, importance, space_of
from garment_sweeps.comparison.intervals import METRICS, Interval, intervals
from garment_sweeps.comparison.leaderboard import Leaderboard
from garment_sweeps.comparison.measure import measure_of
from garment_sweeps.comparison.rows import Row
from garment_sweeps.comparison.runs import Chosen, ComparedRun
from garment_sweeps.comparison.significance import Estimate, estimates
from garment_sweeps.comparison.table import COST_SCALE, COST_TITLES
from garment_sweeps.tracking.record import HEADLINE
from garment_sweeps.tracking.runs import last_params
from garment_uv.classes import GARMENT_CLASSES
from garment_uv.errors import UserError
from garment_uv.training.trial import TrialConfig

if TYPE_CHECKING:
    from garment_uv.viewing.exhibits import Exhibit
    from garment_uv.viewing.viewer import Panel

MOST_SAMPLES = 12
CLASS_CURVES = {f"s2s/{name}": f"S2S of {name}, mm" for name in GARMENT_CLASSES}


def curves_of(objective: str) -> dict[str, str]:
    """Titles of the first curves by metric: the objective's, that of all garments and the loss."""
    titles = {HEADLINE: "S2S of all garments, mm", "loss/total": "generator's loss, total"}
    return {objective: f"{measure_of(objective).words}, mm"} | titles if objective != HEADLINE else titles


@dataclass(frozen=True)
class ScoreCell:
    """S2S of one class, mm."""

    mean: float | None
    over_garments: Interval | None
    over_seeds: Estimate | None


def score_table(chosen: Chosen, runs: Sequence[ComparedRun]) -> tuple[list[str], list[list[ScoreCell]]]:
    """Columns, the objective's first, and by run the cell of each."""
    metrics = dict.fromkeys((chosen.objective, *METRICS))
    columns = [metric for metric in metrics if any(metric in run.run.data.metrics for run in runs)]
    scored = [metric for metric in columns if measure_of(metric).segments == "given"]  # as the evaluation had them
    over_garments = intervals([run.scores for run in runs], scored)
    over_seeds = {metric: _over_seeds(chosen.board, metric) for metric in columns}
    table = []
    for run, of_run in zip(runs, over_garments, strict=True):
        row = chosen.row(run.run)
        name = row.name if row is not None else ""
        table.append(
            [
                ScoreCell(run.run.data.metrics.get(metric), of_run.get(metric), over_seeds[metric].get(name))
                for metric in columns
            ]
        )
    return [metric.removeprefix("s2s/") for metric in columns], table


def differences(runs: Sequence[ComparedRun]) -> list[tuple[str, list[str]]]:
    """Config fields that are not the same in all runs, with each run's value; nothing else."""
    known = TrialConfig().flat()
    params = [{name: value for name, value in last_params(run.run).items() if name in known} for run in runs]
    names = sorted({name for of_run in params for name in of_run})
    rows = [(name, [of_run.get(name, "") for of_run in params]) for name in names]
    return [(name, values) for name, values in rows if len(set(values)) > 1]


def curve_charts(runs: Sequence[ComparedRun], titles: dict[str, str]) -> list[tuple[str, str]]:
    """Title and SVG of each metric that a run has a curve of."""
    charts = []
    for metric, title in titles.items():
        lines = [Line(run.name, place, tuple(run.curves.get(metric, ()))) for place, run in enumerate(runs)]
        svg = line_chart(lines, "epoch", title.rpartition(", ")[2] if ", mm" in title else "loss")
        if svg:
            charts.append((title, svg))
    return charts


def front_charts(board: Leaderboard, runs: Sequence[ComparedRun]) -> list[tuple[str, str]]:
    """For each objective beside the error, the complete trials in the plane of the two."""
    error = measure_of(board.objective).words
    places = {run.run.info.run_id: place for place, run in enumerate(runs)}
    charts = []
    for cost in board.costs:
        finals = [row for row in board.trials if row.outcome == "complete" and math.isfinite(row.point((cost,))[1])]
        if not finals:
            continue
        scale = COST_SCALE.get(cost, 1.0)
        dots = [
            Dot(row.name, row.point((cost,))[1] * scale, row.mean_mm, places.get(row.run_id, -1), row.on_front)
            for row in finals
        ]
        title = COST_TITLES.get(cost, cost)
        charts.append((f"{error} against {title}", scatter_chart(dots, title, f"{error}, mm", front=True)))
    return charts


def importance_table(chosen: Chosen) -> Importance | str:
    """The importance of what was searched, or why there is none."""
    if chosen.board is None:
        return "these runs are of several sweeps: what mattered is said of one sweep's trials"
    try:
        space = space_of(chosen.about.get("space", "[]"))
        return importance(chosen.board.trials, space, chosen.objective)
    except UserError as error:
        return f"nothing is said: {error}"


def _over_seeds(board: Leaderboard | None, metric: str) -> dict[str, Estimate]:
    """By trial of several seeds, its mean of that metric and how far it may be off."""
    rows: Sequence[Row] = board.trials if board is not None else ()
    values = {row.name: [seed.metrics[metric] for seed in row.seeds if metric in seed.metrics] for row in rows}
    return estimates({name: found for name, found in values.items() if len(found) > 1}, lettered=False)


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
