"""One self-contained HTML page of several runs: linked 3D views, scores with intervals, curves, and what differs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from garment_sweeps.comparison import sections
from garment_sweeps.comparison.charts import colour
from garment_sweeps.comparison.measure import measure_of
from garment_sweeps.comparison.runs import Chosen, ComparedRun, chosen_runs, fetch_run
from garment_sweeps.settings.masking import first_line
from garment_sweeps.settings.urls import without_login
from garment_sweeps.tracking import tracking_client
from garment_sweeps.tracking.home import store_file
from garment_sweeps.tracking.record import HEADLINE
from garment_sweeps.tracking.ui import OF_TRAININGS
from garment_uv.guard import keep_inputs
from garment_uv.outputs import write_file

if TYPE_CHECKING:
    from garment_sweeps.tracking.types import MlflowClient, Run

COMPARISON_ARTIFACT = "comparison"
"""Artifact path of the page in the sweep's own run."""
PAGE_FILE = "index.html"


@dataclass(frozen=True)
class Compared:
    """A page that was written."""

    path: Path
    runs: tuple[str, ...]
    """Their names, as on the page."""
    place: str = ""
    """Where the page is in MLflow's UI; empty where the runs are of several sweeps."""


def compare(names: list[str], out: Path) -> Compared:
    """Writes the page to `out`, and logs it to the sweep's run where all runs are of one sweep.

    Args:
        names: a sweep's name, for its best trials; or MLflow run ids and SWEEP/TRIAL.
        out: the HTML file; its folder is made.

    Raises:
        UserError: an unknown sweep or run, or a sweep of which nothing was measured.
    """
    client = tracking_client()
    keep_inputs([out], [store_file(client.tracking_uri)])
    chosen = chosen_runs(client, names)
    metrics = list(dict.fromkeys((*sections.curves_of(chosen.objective), *sections.CLASS_CURVES)))
    runs = [fetch_run(client, chosen.name(run), run, metrics) for run in chosen.runs]
    text = comparison_page(chosen, runs)
    write_file(out, text)
    shown = tuple(run.name for run in runs)
    if chosen.sweep is None:
        return Compared(out, shown)
    _log(client, chosen.sweep.info.run_id, out)
    return Compared(out, shown, _place(client.tracking_uri, chosen.sweep))


def compare_at_end(sweep: str) -> str:
    """Logs the page of a sweep that has ended; a line that says where it is, or why there is none."""
    try:
        with TemporaryDirectory() as folder:
            compared = compare([sweep], Path(folder) / PAGE_FILE)
    except Exception as error:  # the sweep is over: whatever is wrong with a page of it must not make it fail
        return f"no comparison page ({first_line(error)}); `garment compare {sweep}` tries again"
    beside = "1 trial" if len(compared.runs) == 1 else f"{len(compared.runs)} trials side by side"
    return f"{beside}: {compared.place}"


def _place(tracking_uri: str, sweep: "Run") -> str:
    """How to get to the page in MLflow's UI."""
    server = without_login(tracking_uri) if tracking_uri.startswith("http") else "http://127.0.0.1:5000"
    first = "" if tracking_uri.startswith("http") else "`garment ui`, then "
    run = f"#/experiments/{sweep.info.experiment_id}/runs/{sweep.info.run_id}"
    return f"{first}{server.rstrip('/')}/{run}/artifacts/{COMPARISON_ARTIFACT}/{PAGE_FILE}{OF_TRAININGS}"


def _log(client: "MlflowClient", run_id: str, page: Path) -> None:
    with TemporaryDirectory() as folder:
        copy = Path(folder) / PAGE_FILE
        copy.write_bytes(page.read_bytes())
        client.log_artifact(run_id, str(copy), COMPARISON_ARTIFACT)


def comparison_page(chosen: Chosen, runs: Sequence[ComparedRun]) -> str:
    """The page of these runs as HTML."""
    import jinja2

    from garment_uv.viewing.viewer import embedded, viewer_data, viewer_script

    panels, rows = sections.views(runs)
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
        words.append(chosen.about.get("description", "").rstrip("."))
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
