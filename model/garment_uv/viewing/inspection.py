"""A page to look a dataset over: random samples with all that is stored of them, and how its measures are spread."""

import base64
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image

from garment_uv.classes import GARMENT_CLASSES, SKIN
from garment_uv.guard import keep_others, made_by
from garment_uv.metrics.evaluate import garment_meshes
from garment_uv.outputs import write_files
from garment_uv.samples.manifest import Manifest
from garment_uv.samples.source import DatasetSource
from garment_uv.samples.survey import Look, Survey, add_to, looks
from garment_uv.uv.atlas import Atlas
from garment_uv.viewing.exhibits import view_meshes
from garment_uv.viewing.meshes import BODY_COLOUR, GARMENT_COLOURS, ViewMesh
from garment_uv.viewing.picture import png, render_views
from garment_uv.viewing.viewer import Panel, page

COMMAND = "data inspect"
PAGE_FILE = "index.html"
TILE = 256
"""Side of each picture in a sample's row, px."""
BINS = 16
REACH_MM = 200.0
"""Displacement along an axis at which its colour in the picture of a map is full."""


def write_inspection(
    source: DatasetSource, split: str, folder: Path, shown: int = 12, measured: int = 200, seed: int = 0
) -> Survey:
    """`index.html` in `folder`: `shown` samples drawn at random of the `measured` that the numbers are of.

    UserError where the dataset has no such split or cannot be read, or the page there is not this command's.
    """
    path = folder / PAGE_FILE
    keep_others([path], COMMAND)
    atlas, survey = source.atlas(), Survey()
    total = min(source.manifest.num_samples(split), measured)
    drawn = set(np.random.default_rng(seed).permutation(total)[:shown].tolist())
    rows, panels = [], []
    for index, look in enumerate(looks(source, split, measured)):
        add_to(survey, look, atlas)
        if index in drawn:
            meshes = _meshes(look, atlas)
            panels.append(Panel(look.sample.key, meshes))
            rows.append(_figure(look.sample.key, _row(look, meshes)))
    html = page(
        panels,
        f"{split} of {source.uri}",
        caption=f"Version {source.manifest.digest()}. Numbers of {survey.samples} samples, evenly spaced.",
        before=_tables(source, split, survey) + "".join(rows),
        generator=made_by(COMMAND),
    )
    write_files({path: html.encode()})
    return survey


def _meshes(look: Look, atlas: Atlas) -> tuple[ViewMesh, ...]:
    sample = look.sample
    body = ViewMesh("body", sample.body_vertices, atlas.faces["default"], BODY_COLOUR)
    worn = garment_meshes(atlas, look.vertices, sample.vertex_classes, sample.topology)
    return (body, *view_meshes(worn))


def _row(look: Look, meshes: tuple[ViewMesh, ...]) -> np.ndarray:
    """Picture, mask, labels, segments, displacements, body map and two views, uint8 [TILE, n * TILE, 3]."""
    sample = look.sample
    tiles = [sample.image]
    if sample.mask is not None and sample.parsing is not None:
        tiles += [np.repeat(sample.mask[..., None], 3, axis=2), label_colours(sample.parsing)]
    tiles += [
        label_colours(sample.segments),
        _map_colours(sample.displacement_uv, REACH_MM / 1000),
        _map_colours(sample.body_uv, 1.25),
    ]
    nearest = Image.Resampling.NEAREST
    squares = [np.asarray(Image.fromarray(tile).resize((TILE, TILE), nearest)) for tile in tiles]
    return np.concatenate([*squares, render_views(meshes, TILE, ("front", "back"))], axis=1)


def label_colours(labels: np.ndarray) -> np.ndarray:
    """Labels uint8 [H, W] as colours uint8 [H, W, 3]: the garments' own, skin the body's, nothing black."""
    palette = np.zeros((SKIN + 1, 3), np.uint8)
    palette[1:SKIN] = [GARMENT_COLOURS[name] for name in GARMENT_CLASSES]
    palette[SKIN] = BODY_COLOUR
    return palette[labels]


def _map_colours(values: np.ndarray, reach: float) -> np.ndarray:
    """A map [3, U, U] as colours: x, y, z in red, green, blue, grey at zero, full at `reach` metres."""
    return np.rint(255 * np.clip(0.5 + values.transpose(1, 2, 0) / (2 * reach), 0, 1)).astype(np.uint8)


def _figure(title: str, picture: np.ndarray) -> str:
    data = base64.b64encode(png(picture)).decode()
    return (
        f'<figure style="margin:0 0 10px"><figcaption>{escape(title)}</figcaption>'
        f'<img src="data:image/png;base64,{data}" style="max-width:100%" alt="{escape(title)}"></figure>'
    )


def _tables(source: DatasetSource, split: str, survey: Survey) -> str:
    manifest = source.manifest
    counts = {name: float(count) for name, count in manifest.class_counts(split).items()}
    left_out = sum(item.split == split for item in manifest.left_out)
    sequences = sum(item.split == split for item in manifest.sequences)
    said = f"{manifest.num_samples(split)} samples of {sequences} sequences, {left_out} left out"
    by_class: tuple[tuple[str, Mapping[str, list[float]], Callable[[float], str]], ...] = (
        ("Looseness, mm", survey.looseness_mm, "{:.0f}".format),
        ("Height in the frame, mm", survey.height_mm, "{:.0f}".format),
        ("Share that is seen", survey.visible_share, "{:.0%}".format),
    )
    body = {"joints bent, degrees": survey.bend_degrees, "heading, degrees": survey.heading_degrees}
    parts = [f"<p>{said}</p><p>{fill_said(manifest, split)}</p>", _counts(counts, manifest.num_samples(split))]
    parts += [_spread(title, values, shown) for title, values, shown in by_class]
    return "".join([*parts, _spread("Bodies", body, "{:.0f}".format)])


def fill_said(manifest: Manifest, split: str) -> str:
    """In words: whether maps of a split give back every vertex, and else how far off the worst are, and which."""
    told = {entry.sequence: entry.fill_error for entry in manifest.sequences if entry.split == split}
    known = {name: error for name, error in told.items() if error is not None}
    if not known:
        return f"Filled by {manifest.fill}; how exactly maps give back their vertices was not measured"
    off = {name: error for name, error in known.items() if error.off}
    if not off:
        return f"Filled by {manifest.fill}: every vertex is given back to 0.05 mm"
    worst = max(off, key=lambda name: off[name].worst_mm)
    some = ", ".join(map(str, off[worst].vertices[:8]))
    return (
        f"Filled by {manifest.fill}: in {len(off)} of {len(known)} sequences some vertices are off by more than "
        f"0.05 mm, at most {off[worst].worst_mm:.2f} mm in {worst}, {off[worst].off} vertices there ({some})"
    )


def _counts(counts: Mapping[str, float], samples: int) -> str:
    rows = [
        f"<tr><td>{name}</td><td>{counts[name]:.0f}</td><td>{counts[name] / max(samples, 1):.0%}</td></tr>"
        for name in GARMENT_CLASSES
        if name in counts
    ]
    return f"<table><tr><th>Class</th><th>samples</th><th>share</th></tr>{''.join(rows)}</table>"


def _spread(title: str, values: Mapping[str, list[float]], shown: Callable[[float], str]) -> str:
    """A table: of each list its size, 5th percentile, median and 95th, and its histogram on one scale for all."""
    everything = np.concatenate([np.asarray(v, float) for v in values.values() if v] or [np.zeros(1)])
    low, high = float(everything.min()), float(everything.max())
    rows = []
    for name in sorted(values, key=lambda name: GARMENT_CLASSES.index(name) if name in GARMENT_CLASSES else 0):
        numbers = values[name]
        marks = "".join(f"<td>{shown(float(x))}</td>" for x in np.percentile(numbers, (5, 50, 95)))
        counts, _ = np.histogram(numbers, BINS, (low, high if high > low else low + 1))
        bars = "".join(
            f'<i style="display:inline-block;width:9px;margin-right:1px;background:#6b8cae;height:{height}px"></i>'
            for height in np.rint(26 * counts / counts.max()).astype(int)
        )
        rows.append(f"<tr><td>{escape(name)}</td><td>{len(numbers)}</td>{marks}<td>{bars}</td></tr>")
    head = f"<tr><th>{escape(title)}</th><th>n</th><th>5 %</th><th>median</th><th>95 %</th>"
    scale = f"<th>{shown(low)} to {shown(high)}</th></tr>"
    return f"<table>{head}{scale}{''.join(rows)}</table>"
