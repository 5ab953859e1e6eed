"""One self-contained HTML page of several runs: linked 3D views, S2S in colour, and what differs."""

from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from garment_sweeps.comparison.leaderboard import HEADLINE
from garment_sweeps.tracking import tags, tracking_client
from garment_sweeps.tracking.model_artifact import GALLERY_ARTIFACT
from garment_sweeps.tracking.searched import last_params
from garment_sweeps.tracking.sweep_run import find_sweep, trials_of
from garment_uv.classes import GARMENT_CLASSES
from garment_uv.errors import UserError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

    from garment_uv.reconstruction.gallery import Exhibit

def compare(runs: list[str], out: Path) -> Path:
    """Writes the page and returns its path.

    Args:
        runs: MLflow run ids, or SWEEP/TRIAL.
        out: the HTML file.

    Raises:
        UserError: an unknown run, a run without a gallery, or runs that show no garment in common.
    """
    from garment_uv.reconstruction.viewer import write_html

    client = tracking_client()
    found = [_run(client, name) for name in runs]
    galleries = [_gallery(client, run) for run in found]
    keys = [item.key for item in galleries[0] if all(item.key in {e.key for e in g} for g in galleries)]
    if not keys:
        raise UserError("these runs show no sample in common: compare runs on the same dataset and split")
    panels = [panel for key in keys for panel in _panels(key, found, galleries)]
    write_html(
        panels,
        out,
        "Comparison of " + ", ".join(_name(run) for run in found),
        caption="Colour: distance of the prediction to the true garment.",
        before=_metrics_table(found) + _differences_table(found),
    )
    return out


def _run(client: "MlflowClient", name: str) -> "Run":
    from mlflow.exceptions import MlflowException

    if "/" in name:
        sweep, _, trial = name.rpartition("/")
        for run in trials_of(client, find_sweep(client, sweep)):
            if run.data.tags.get(tags.TRIAL) == trial:
                return run
        raise UserError(f"sweep {sweep!r} has no trial {trial!r}; `garment leaderboard {sweep}` lists them")
    try:
        return client.get_run(name)
    except MlflowException:
        raise UserError(f"no run {name!r} in MLflow; give a run id or SWEEP/TRIAL") from None


def _gallery(client: "MlflowClient", run: "Run") -> "list[Exhibit]":
    from mlflow.exceptions import MlflowException

    from garment_uv.reconstruction.gallery import MESHES_FILE, read_gallery

    with TemporaryDirectory() as folder:
        try:
            path = client.download_artifacts(run.info.run_id, f"{GALLERY_ARTIFACT}/{MESHES_FILE}", folder)
        except (MlflowException, OSError):
            raise UserError(
                f"{_name(run)} kept no meshes: only trials that trained all their epochs show some"
            ) from None
        return read_gallery(Path(path).parent)


def _panels(key: str, runs: list["Run"], galleries: list["list[Exhibit]"]):
    from garment_uv.reconstruction.gallery import error_meshes, view_meshes
    from garment_uv.reconstruction.viewer import Panel

    exhibits = [next(item for item in gallery if item.key == key) for gallery in galleries]
    yield Panel(f"{key}: truth", tuple(view_meshes(exhibits[0].truth)))
    for run, exhibit in zip(runs, exhibits, strict=True):
        yield Panel(f"{key}: {_name(run)}", tuple(error_meshes(exhibit.prediction, exhibit.truth)))


def _metrics_table(runs: list["Run"]) -> str:
    names = [HEADLINE, "s2s/macro", *(f"s2s/{name}" for name in GARMENT_CLASSES)]
    shown = [name for name in names if any(name in run.data.metrics for run in runs)]
    rows = {
        name.removeprefix("s2s/"): [
            f"{run.data.metrics[name]:.2f}" if name in run.data.metrics else "" for run in runs
        ]
        for name in shown
    }
    return _table("S2S, mm", runs, rows)


def _differences_table(runs: list["Run"]) -> str:
    params = [last_params(run) for run in runs]
    names = sorted({name for of_run in params for name in of_run})
    rows = {name: [of_run.get(name, "") for of_run in params] for name in names}
    return _table("What differs", runs, {name: cells for name, cells in rows.items() if len(set(cells)) > 1})


def _table(title: str, runs: list["Run"], rows: dict[str, list[str]]) -> str:
    head = "".join(f"<th>{escape(_name(run))}</th>" for run in runs)
    body = "".join(
        f"<tr><td>{escape(name)}</td>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        for name, cells in rows.items()
    )
    return f"<table><thead><tr><th>{escape(title)}</th>{head}</tr></thead><tbody>{body}</tbody></table>"


def _name(run: "Run") -> str:
    trial = run.data.tags.get(tags.TRIAL, run.info.run_id[:8])
    return f"{run.data.tags.get(tags.SWEEP, '')}/{trial}".lstrip("/")
