"""Puts a page together: one file that fetches nothing, stores nothing and opens in any browser."""

import math
from collections.abc import Sequence
from importlib.resources import files

from garment_sweeps.comparison import sections
from garment_sweeps.comparison.charts import colour
from garment_sweeps.comparison.chosen import Chosen
from garment_sweeps.comparison.compared_run import ComparedRun
from garment_sweeps.comparison.measure import measure_of
from garment_sweeps.comparison.views import views
from garment_sweeps.tracking.record import HEADLINE


def comparison_page(chosen: Chosen, runs: Sequence[ComparedRun]) -> str:
    """The page of these runs as HTML."""
    import jinja2

    from garment_uv.viewing.viewer import embedded, viewer_data, viewer_script

    panels, rows = views(runs)
    columns, scores = sections.score_table(chosen, runs)
    curves = sections.curves_of(chosen.objective)
    class_curves = {metric: title for metric, title in sections.CLASS_CURVES.items() if metric not in curves}
    template = files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters |= {"shortened": _shortened, "bound": _bound}
    return environment.from_string(template).render(
        title=_title(chosen, runs),
        about=_about(chosen, runs),
        runs=runs,
        colours=[colour(place) for place in range(len(runs))],
        headlines=[_headline(run, chosen.objective) for run in runs],
        rows=rows,
        columns=columns,
        scores=scores,
        curves=sections.curve_charts(runs, curves),
        class_curves=sections.curve_charts(runs, class_curves),
        differences=sections.differences(runs),
        importance=sections.importance_table(chosen),
        fronts=sections.front_charts(chosen.board, runs) if chosen.board is not None else [],
        data=embedded(viewer_data(panels, scale_label="distance to the true garment, mm")),
        script=viewer_script(),
    )


def _title(chosen: Chosen, runs: Sequence[ComparedRun]) -> str:
    if chosen.board is None:
        return f"Comparison of {len(runs)} {'run' if len(runs) == 1 else 'runs'}"
    trials = len(chosen.board.trials)
    compared = "its one trial" if trials == 1 else f"{len(runs)} of {trials} trials compared"
    return f"{chosen.board.sweep}: {compared}"


def _about(chosen: Chosen, runs: Sequence[ComparedRun]) -> str:
    words = []
    if chosen.board is not None:
        words.append(chosen.sweep.data.params.get("description", "").rstrip("."))  # type: ignore[union-attr]
        words += [f"ranked by {measure_of(chosen.objective).words}"] if chosen.objective != HEADLINE else []
        words += [f"best baseline: {row.name}, {row.error_mm:.2f} mm" for row in chosen.board.baselines[:1]]
    versions = sorted({run.run.data.params.get("dataset_version", "")[:12] for run in runs} - {""})
    words.append(f"dataset {', '.join(versions)}" if versions else "")
    return " · ".join(word for word in words if word)


def _shortened(value: str) -> str:
    """A number with five significant digits, anything else as it is."""
    try:
        return f"{float(value):.5g}" if len(value) > 6 else value
    except ValueError:
        return value


def _bound(mm: float) -> str:
    """An upper bound, which too few sequences may leave open."""
    return f"{mm:.2f}" if math.isfinite(mm) else "∞"


def _headline(run: ComparedRun, objective: str) -> str:
    value = run.run.data.metrics.get(objective)
    return "" if value is None else f"{measure_of(objective).words} {value:.2f} mm"
