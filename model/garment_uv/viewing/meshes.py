"""What a mesh to look at is, in which colours bodies and garments are shown, and meshes as files for other programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from garment_uv.errors import UserError

BODY_COLOUR = (214, 196, 176)
GARMENT_COLOURS: dict[str, tuple[int, int, int]] = {
    "Top": (196, 92, 92),
    "Tshirt": (214, 138, 70),
    "Trousers": (78, 110, 168),
    "Skirt": (140, 96, 168),
    "Jumpsuit": (74, 146, 120),
    "Dress": (190, 96, 144),
}


@dataclass(frozen=True)
class ViewMesh:
    """A mesh to look at, in the viewer or in a picture."""

    name: str
    vertices: np.ndarray
    """float [N, 3] metres, z up; the picture's camera looks along -x."""
    faces: np.ndarray
    """int [F, 3] triangles."""
    colour: tuple[int, int, int] = (150, 150, 150)
    """RGB, 0 to 255."""
    values: np.ndarray | None = None
    """float [N] per-vertex values shown on a colour scale, for example the error in mm."""
    visible: bool = True


class MeshLike(Protocol):
    """Anything with vertices float [N, 3] in metres, z up, and faces int [F, 3]."""

    @property
    def vertices(self) -> np.ndarray: ...

    @property
    def faces(self) -> np.ndarray: ...


def to_y_up(vertices: np.ndarray) -> np.ndarray:
    """Our z-up vertices [N, 3] in glTF's frame: y up, and what faced the picture's camera (+x) faces +z."""
    return np.asarray(vertices)[:, [1, 2, 0]]


def check_ending(path: Path) -> None:
    """UserError unless `path` ends in .glb or .obj."""
    if Path(path).suffix.lower() not in (".glb", ".obj"):
        raise UserError(f"meshes are written as .glb or .obj, was given {str(path)!r}: end it so")


def mesh_file(meshes: Mapping[str, MeshLike], path: Path, generator: str = "") -> bytes:
    """The bytes of a .glb or .obj, whichever `path` ends in, in which `generator` is named; UserError for others."""
    check_ending(path)
    return (glb if Path(path).suffix.lower() == ".glb" else obj)(meshes, generator)


def glb(meshes: Mapping[str, MeshLike], generator: str = "") -> bytes:
    """One binary glTF with a named, two-sided mesh per entry, with normals; y up as glTF wants it."""
    import trimesh

    scene = trimesh.Scene()
    for name, mesh in meshes.items():
        colour = GARMENT_COLOURS.get(name, BODY_COLOUR)
        material = trimesh.visual.material.PBRMaterial(
            name=name, baseColorFactor=[*colour, 255], metallicFactor=0.0, roughnessFactor=0.9, doubleSided=True
        )
        part = trimesh.Trimesh(
            vertices=to_y_up(mesh.vertices),
            faces=np.asarray(mesh.faces),
            visual=trimesh.visual.TextureVisuals(material=material),
            process=False,
        )
        scene.add_geometry(part, node_name=name, geom_name=name)

    def name_generator(tree: dict[str, Any]) -> None:
        tree["asset"]["generator"] = generator or tree["asset"]["generator"]

    return scene.export(file_type="glb", include_normals=True, tree_postprocessor=name_generator)


def obj(meshes: Mapping[str, MeshLike], generator: str = "") -> bytes:
    """One Wavefront .obj with an object per entry; z up and metres, as CLOTH3D's own .obj files are."""
    lines, first = ["# metres, z up" + (f"; {generator}" if generator else "")], 1
    for name, mesh in meshes.items():
        lines.append(f"o {name}")
        lines += [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in np.asarray(mesh.vertices, np.float64)]
        lines += [f"f {a} {b} {c}" for a, b, c in np.asarray(mesh.faces) + first]
        first += len(mesh.vertices)
    return ("\n".join(lines) + "\n").encode()
