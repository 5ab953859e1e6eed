"""A picture report of a dataset's worst registrations: what each raw garment lost, in 3D and as pictures."""

from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np

from garment_uv.body.protocol import BodyModel
from garment_uv.body.topology import BodyTopology, build_topology
from garment_uv.datasets.raw import AtHand, RawSource
from garment_uv.errors import UserError
from garment_uv.geometry.s2s import point_to_surface
from garment_uv.guard import keep_others, made_by
from garment_uv.outputs import write_files
from garment_uv.registration.quality import worn_faces
from garment_uv.registration.register import register_outfit
from garment_uv.samples.frames import at_rest
from garment_uv.samples.manifest import GarmentQuality, Manifest
from garment_uv.viewing.meshes import BODY_COLOUR, GARMENT_COLOURS, ViewMesh
from garment_uv.viewing.picture import png, render_views
from garment_uv.viewing.viewer import Panel, page

COMMAND = "data report"
PAGE_FILE = "index.html"
BARE_MM = 10.0
"""Where the scale of the distances ends: as far as this counts as covered."""


@dataclass(frozen=True)
class Rank:
    """One garment of the report."""

    split: str
    sequence: str
    garment: str
    quality: GarmentQuality

    @property
    def said(self) -> str:
        """Its quality in one line."""
        q = self.quality
        return (
            f"S2S {q.s2s_mm:.2f} mm, covered {q.covered_area:.1%}, flipped {q.flipped_faces:.1%}, "
            f"stretched {q.stretched_faces:.1%}"
        )


def worst(manifest: Manifest, count: int) -> list[Rank]:
    """The `count` garments with the highest S2S, the highest first; UserError where no quality was measured."""
    ranks = [
        Rank(entry.split, entry.sequence, name, quality)
        for entry in manifest.sequences
        for name, quality in entry.quality.items()
    ]
    if not ranks:
        raise UserError("the manifest tells no quality: the dataset is of an earlier version; prepare it again")
    return sorted(ranks, key=lambda rank: (-rank.quality.s2s_mm, rank.split, rank.sequence, rank.garment))[:count]


def write_registration_report(
    manifest: Manifest, raw: RawSource, body: BodyModel, folder: Path, count: int = 12
) -> list[Rank]:
    """`index.html` and pictures of the `count` worst garments, registered again; UserError for another raw or body."""
    if body.digest != manifest.body.body_digest:
        raise UserError(f"the dataset was made on another body ({manifest.body.name}); give the same --body")
    ranks = worst(manifest, count)
    topology = build_topology(body, manifest.subdivisions)
    files = {folder / PAGE_FILE: b"", **{folder / _picture_name(rank): b"" for rank in ranks}}
    keep_others(files, COMMAND)
    there = {(item.split, item.name): item for item in raw.sequences()}
    panels, rows = [], []
    for rank in ranks:
        item = there.get((rank.split, rank.sequence))
        if item is None:
            raise UserError(f"{raw.uri} has no sequence {rank.split}/{rank.sequence}; give the dataset's own --raw")
        with raw.open(item) as found:
            meshes = _meshes(found, rank.garment, body, topology)
        title = f"{rank.split}/{rank.sequence} {rank.garment}"
        panels += [Panel(f"{title}: raw", meshes[:2], rank.said), Panel(f"{title}: registered", (meshes[0], meshes[2]))]
        rows.append(f"<tr><td>{escape(title)}</td><td>{escape(rank.said)}</td></tr>")
        views = ("front", "back")
        sides = [render_views((meshes[0], mesh), 360, views) for mesh in meshes[1:]]
        files[folder / _picture_name(rank)] = png(np.concatenate(sides, axis=1), made_by(COMMAND))
    html = page(
        panels,
        "The worst registrations",
        caption="At rest. Colour: distance of the raw garment to the registered one.",
        scale_label="distance, mm",
        scale_maximum=BARE_MM,
        before=f"<table>{''.join(rows)}</table>",
        generator=made_by(COMMAND),
    )
    write_files({**files, folder / PAGE_FILE: html.encode()})
    return ranks


def _picture_name(rank: Rank) -> str:
    return f"{rank.split}-{rank.sequence}-{rank.garment}.png"


def _meshes(found: AtHand, name: str, body: BodyModel, topology: BodyTopology) -> tuple[ViewMesh, ViewMesh, ViewMesh]:
    """Body, raw garment with its distances, and registered garment, turned to face the pictures' camera."""
    sequence = found.read()
    sequence.close()
    rest = at_rest(sequence, body, topology)
    registration = register_outfit(topology, rest.body, rest.garments, rest.root, rest.zrot)
    placed = {each: registration.placement.apply(vertices) for each, (vertices, _) in rest.garments.items()}
    where = registration.apply(placed)
    faces = topology.faces[registration.topology_name]
    worn = faces[worn_faces(registration, faces, name)]
    raw_faces = rest.garments[name][1]
    far = 1000 * point_to_surface(placed[name], where, worn) if len(worn) else np.full(len(placed[name]), BARE_MM)
    colour = GARMENT_COLOURS[name]
    return (
        ViewMesh("body", _facing(rest.body), topology.faces["default"], BODY_COLOUR),
        ViewMesh(name, _facing(placed[name]), raw_faces, colour, far),
        ViewMesh(name, _facing(where), worn, colour),
    )


def _facing(vertices: np.ndarray) -> np.ndarray:
    """Rest bodies face -y, the pictures' camera stands at +x."""
    x, y, z = np.asarray(vertices, np.float32).T
    return np.column_stack([-y, x, z])
