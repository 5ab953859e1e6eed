"""One HTML page that shows meshes side by side: plain WebGL, nothing fetched, nothing stored.

It opens from a file, from a web server and inside MLflow's sandboxed artifact frame alike.
"""

import base64
import html
import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from garment_uv.outputs import write_file
from garment_uv.viewing.meshes import ViewMesh

SCRIPTS = ("surface.js", "viewer.js")


@dataclass(frozen=True)
class Panel:
    """One view; all panels of a page turn together."""

    title: str
    meshes: tuple[ViewMesh, ...]
    note: str = ""
    group: str = ""
    """Panels of one group are framed alike: around all that they show."""


def write_html(panels: Sequence[Panel], path: Path, title: str, **options: Any) -> None:
    """Write `page(panels, title, **options)` to `path`."""
    write_file(path, page(panels, title, **options))


def page(
    panels: Sequence[Panel],
    title: str,
    caption: str = "",
    scale_label: str = "error, mm",
    scale_maximum: float | None = None,
    before: str = "",
    after: str = "",
    generator: str = "garment",
) -> str:
    """The page as a string, with `generator` named in its head.

    `scale_maximum` is the value of the scale's last colour; by default the 98th percentile of all values, rounded up.
    `before` and `after` are HTML put above and below the panels as it is: escape what comes from users.
    Positions are kept as 16 bits over each mesh's box (0.02 mm for a body), so the page is for looking.
    """
    data = viewer_data(panels, title, caption, scale_label, scale_maximum)
    text = files(__package__).joinpath("viewer.html").read_text(encoding="utf-8")
    parts = {
        "GENERATOR": html.escape(generator),
        "TITLE": html.escape(title),
        "BEFORE": before,
        "AFTER": after,
        "DATA": embedded(data),
        "SCRIPT": viewer_script(),
    }
    return re.sub("@@([A-Z]+)@@", lambda token: parts[token[1]], text)


def viewer_data(
    panels: Sequence[Panel],
    title: str = "",
    caption: str = "",
    scale_label: str = "",
    scale_maximum: float | None = None,
) -> dict[str, Any]:
    """What `showMeshes` of the viewer's script draws. Arrays that several meshes share, as faces, are kept once."""
    values = [mesh.values for panel in panels for mesh in panel.meshes if mesh.values is not None]
    maximum = scale_maximum if scale_maximum is not None else _default_maximum(values)
    arrays = _Arrays()
    frames = {
        group: _bounds([mesh.vertices for panel in panels if panel.group == group for mesh in panel.meshes])
        for group in {panel.group for panel in panels}
    }
    return {
        "title": title,
        "caption": caption,
        "scale": {"label": scale_label, "maximum": maximum} if values else None,
        "panels": [
            {
                "title": panel.title,
                "note": panel.note,
                "centre": frames[panel.group][0],
                "radius": frames[panel.group][1],
                "meshes": [_encode(mesh, maximum, arrays) for mesh in panel.meshes],
            }
            for panel in panels
        ],
        "arrays": arrays.texts,
    }


def viewer_script() -> str:
    """The script that holds `showMeshes`, to be put into a page."""
    return "\n".join(files(__package__).joinpath(name).read_text(encoding="utf-8") for name in SCRIPTS)


def embedded(data: Any) -> str:
    """JSON that can stand in a script element: no text in it can end that."""
    return json.dumps(data, allow_nan=False).replace("<", "\\u003c")


class _Arrays:
    """Arrays, deflated and in base64, each once, by index."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._places: dict[str, int] = {}

    def add(self, array: np.ndarray) -> int:
        text = base64.b64encode(zlib.compress(np.ascontiguousarray(array).tobytes())).decode("ascii")
        if text not in self._places:
            self._places[text] = len(self.texts)
            self.texts.append(text)
        return self._places[text]


def _encode(mesh: ViewMesh, maximum: float, arrays: _Arrays) -> dict[str, Any]:
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
        "positions": arrays.add(codes),
        "wide": wide,
        "faces": arrays.add(faces.astype("<u4" if wide else "<u2")),
    }
    if mesh.values is not None:
        values = np.asarray(mesh.values, np.float64).reshape(-1)
        if len(values) != len(vertices):
            raise ValueError(f"mesh {mesh.name!r} has {len(vertices)} vertices and {len(values)} values")
        share = np.nan_to_num(values / maximum, nan=1.0).clip(0, 1)
        encoded["values"] = arrays.add(np.rint(share * 65535).astype("<u2"))
    return encoded


def _default_maximum(values: list[np.ndarray]) -> float:
    joined = np.concatenate([np.asarray(v, np.float64).reshape(-1) for v in values]) if values else np.zeros(0)
    joined = joined[np.isfinite(joined)]
    return _round_above(max(float(np.percentile(joined, 98)), 1e-6)) if len(joined) else 1.0


def _round_above(value: float) -> float:
    """The next number whose quarters read well: 1, 1.2, 1.6, 2, 3, 4, 6, 8 times a power of ten."""
    unit = 10.0 ** np.floor(np.log10(value))
    return float(next(unit * step for step in (1, 1.2, 1.6, 2, 3, 4, 6, 8, 10) if unit * step >= value * (1 - 1e-9)))


def _bounds(clouds: list[np.ndarray]) -> tuple[list[float], float]:
    points = [np.asarray(cloud, np.float64).reshape(-1, 3) for cloud in clouds if len(cloud)]
    if not points:
        return [0.0, 0.0, 0.0], 1.0
    low = np.min([p.min(axis=0) for p in points], axis=0)
    high = np.max([p.max(axis=0) for p in points], axis=0)
    return ((low + high) / 2).tolist(), max(float(np.linalg.norm(high - low)) / 2, 1e-3)
