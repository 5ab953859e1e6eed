"""One HTML page that shows meshes side by side: plain WebGL, nothing fetched, nothing stored.

It opens from a file, from a web server and inside MLflow's sandboxed artifact frame alike.
"""

import base64
import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from garment_uv.reconstruction.meshes import ViewMesh


@dataclass(frozen=True)
class Panel:
    """One view; all panels of a page turn together."""

    title: str
    meshes: tuple[ViewMesh, ...]
    note: str = ""


def write_html(panels: Sequence[Panel], path: Path, title: str, **options: Any) -> None:
    """Write `page(panels, title, **options)` to `path`."""
    Path(path).write_text(page(panels, title, **options), encoding="utf-8")


def page(
    panels: Sequence[Panel],
    title: str,
    caption: str = "",
    scale_label: str = "error, mm",
    scale_maximum: float | None = None,
    before: str = "",
    after: str = "",
) -> str:
    """The page as a string.

    `scale_maximum` is the value of the scale's last colour; by default the 98th percentile of all values.
    `before` and `after` are HTML put above and below the panels as it is: escape what comes from users.
    Positions are kept as 16 bits over each mesh's box (0.02 mm for a body), so the page is for looking.
    """
    values = [mesh.values for panel in panels for mesh in panel.meshes if mesh.values is not None]
    maximum = scale_maximum if scale_maximum is not None else _default_maximum(values)
    centre, radius = _bounds([mesh.vertices for panel in panels for mesh in panel.meshes])
    data = {
        "title": title,
        "caption": caption,
        "centre": centre,
        "radius": radius,
        "scale": {"label": scale_label, "maximum": maximum} if values else None,
        "panels": [
            {
                "title": panel.title,
                "note": panel.note,
                "meshes": [_encode(mesh, maximum) for mesh in panel.meshes],
            }
            for panel in panels
        ],
    }
    text = files(__package__).joinpath("viewer.html").read_text(encoding="utf-8")
    parts = {
        "TITLE": html.escape(title),
        "BEFORE": before,
        "AFTER": after,
        "DATA": json.dumps(data, allow_nan=False).replace("<", "\\u003c"),
    }
    return re.sub("@@([A-Z]+)@@", lambda token: parts[token[1]], text)


def _encode(mesh: ViewMesh, maximum: float) -> dict[str, Any]:
    vertices = np.asarray(mesh.vertices, np.float64).reshape(-1, 3)
    faces = np.asarray(mesh.faces).reshape(-1, 3)
    if not np.isfinite(vertices).all():
        raise ValueError(f"mesh {mesh.name!r} has non-finite vertices")
    if len(faces) and (faces.min() < 0 or faces.max() >= len(vertices)):
        raise ValueError(f"mesh {mesh.name!r} has faces that name vertices it does not have")
    low = vertices.min(axis=0) if len(vertices) else np.zeros(3)
    span = vertices.max(axis=0) - low if len(vertices) else np.zeros(3)
    step = span / 65535
    codes = np.rint((vertices - low) / np.where(step > 0, step, 1)).astype("<u2")
    wide = len(vertices) > 65536
    encoded = {
        "name": mesh.name,
        "vertices": len(vertices),
        "colour": [int(c) for c in mesh.colour],
        "visible": mesh.visible,
        "low": low.tolist(),
        "step": step.tolist(),
        "positions": _base64(codes),
        "wide": wide,
        "faces": _base64(faces.astype("<u4" if wide else "<u2")),
    }
    if mesh.values is not None:
        values = np.asarray(mesh.values, np.float64).reshape(-1)
        if len(values) != len(vertices):
            raise ValueError(f"mesh {mesh.name!r} has {len(vertices)} vertices and {len(values)} values")
        share = np.nan_to_num(values / maximum, nan=1.0).clip(0, 1)
        encoded["values"] = _base64(np.rint(share * 65535).astype("<u2"))
    return encoded


def _default_maximum(values: list[np.ndarray]) -> float:
    joined = (
        np.concatenate([np.asarray(v, np.float64).reshape(-1) for v in values]) if values else np.zeros(0)
    )
    joined = joined[np.isfinite(joined)]
    return max(float(np.percentile(joined, 98)), 1e-6) if len(joined) else 1.0


def _bounds(clouds: list[np.ndarray]) -> tuple[list[float], float]:
    points = [np.asarray(cloud, np.float64).reshape(-1, 3) for cloud in clouds if len(cloud)]
    if not points:
        return [0.0, 0.0, 0.0], 1.0
    low = np.min([p.min(axis=0) for p in points], axis=0)
    high = np.max([p.max(axis=0) for p in points], axis=0)
    return ((low + high) / 2).tolist(), max(float(np.linalg.norm(high - low)) / 2, 1e-3)


def _base64(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")
