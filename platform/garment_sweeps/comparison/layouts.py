"""How other systems lay out and turn the meshes that they write, so that `garment evaluate --meshes` can read them.

A folder holds one folder for each sample, named by the sample's key, and in it one mesh for each garment.

- `ours`: files named by class (`Top.obj`, `Trousers.glb`), metres, in the sample's frame: relative to the body's root,
  z up, the camera looking along -x.
- `smplicit`: SMPLicit's image fitting (Corona et al., CVPR 2021). Its release draws a video and writes no mesh; whoever
  runs it keeps, at the place where it collects a garment that it has posed and smoothed, that mesh less the root joint
  at rest, as `<key>/<label>.obj`, the label being the one that it fits by. It fits in the body estimator's frame: x
  right, y down, z forward. Its labels are 5 and 7 for what is worn above (plain and open), 9 trousers, 12 skirts; 18,
  shoes, is no garment of ours. It tells no Top from a Tshirt, nor has it one piece for a jumpsuit or dress: what is
  scored is the surface, whatever its name (see `garment_uv.metrics.evaluate`), and garments under another name count as
  missing. Read from its files, not tried: neither the system nor a mesh of it was at hand.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from garment_sweeps.settings.masking import first_line
from garment_uv.classes import GARMENT_CLASSES
from garment_uv.config import Config
from garment_uv.errors import UserError
from garment_uv.geometry.s2s import Mesh

MESH_SUFFIXES = (".obj", ".glb", ".ply", ".off", ".stl")


class Layout(Config):
    """Names and axes of one system's meshes."""

    names: dict[str, str]
    """File name without its ending, to garment class."""
    passed_over: tuple[str, ...] = ()
    """File names of what is no garment."""
    axes: tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]
    """Rows of the rotation from their axes to the sample's."""


LAYOUTS = {
    "ours": Layout(names={name: name for name in GARMENT_CLASSES}, axes=((1, 0, 0), (0, 1, 0), (0, 0, 1))),
    "smplicit": Layout(
        names={"5": "Tshirt", "7": "Top", "9": "Trousers", "12": "Skirt"},
        passed_over=("18",),
        axes=((0, 0, -1), (1, 0, 0), (0, -1, 0)),
    ),
}


def parse_meshes(text: str) -> tuple[str, Path]:
    """Layout and folder of 'FOLDER' or 'LAYOUT:FOLDER'."""
    layout, colon, folder = text.partition(":")
    return (layout, Path(folder)) if colon and layout in LAYOUTS else ("ours", Path(text))


def read_meshes(folder: Path, layout: Layout) -> Iterator[tuple[str, Mesh]]:
    """Each garment of one sample's folder in the sample's frame; UserError for a file that cannot be one."""
    import trimesh

    rotation = np.array(layout.axes)
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in MESH_SUFFIXES or path.stem in layout.passed_over:
            continue
        if path.stem not in layout.names:
            raise UserError(f"{path} names no garment class; the file names are {', '.join(layout.names)}")
        try:
            mesh: Any = trimesh.load(path, force="mesh", process=False)
        except (ValueError, OSError, IndexError, KeyError) as error:
            raise UserError(f"{path} cannot be read as a mesh: {first_line(error, 120)}") from None
        vertices, faces = np.asarray(mesh.vertices, np.float64), np.asarray(mesh.faces, np.int32)
        if not len(faces) or not np.isfinite(vertices).all():
            raise UserError(f"{path} has no faces, or vertices that are not finite; export the mesh again")
        yield layout.names[path.stem], ((vertices @ rotation.T).astype(np.float32), faces)
