"""The meshes that a gallery keeps, read back for pages that compare runs: needs neither torch nor any distance."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from garment_uv.errors import UserError
from garment_uv.metrics.scores_file import SCORES_FILE, SampleScore, read_scores
from garment_uv.viewing.meshes import GARMENT_COLOURS, ViewMesh

if TYPE_CHECKING:
    from garment_uv.geometry.s2s import Mesh

MESHES_FILE = "meshes.npz"


@dataclass(frozen=True)
class Exhibit:
    """One sample's true and predicted garments, as `read_gallery` gives them back."""

    key: str
    truth: "dict[str, Mesh]"
    prediction: "dict[str, Mesh]"
    distance_mm: dict[str, np.ndarray] = field(default_factory=dict)
    """Of each vertex of the predicted garments, as `error_meshes` has it; empty in galleries that did not keep it."""
    scores: tuple[SampleScore, ...] = ()
    """S2S of the true garments; empty in galleries that did not keep it."""


def read_gallery(folder: Path) -> list[Exhibit]:
    """The samples of a gallery folder, in stored order, scores where it keeps them; UserError where there are none."""
    path = Path(folder) / MESHES_FILE
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as a gallery ({error}); evaluate the trial again") from None
    kept = Path(folder) / SCORES_FILE
    scores = read_scores(kept) if kept.is_file() else []
    exhibits: dict[str, Exhibit] = {}
    for name in arrays:
        key, role, garment, part = name.split("/")
        if key not in exhibits:
            exhibits[key] = Exhibit(key, {}, {}, scores=tuple(score for score in scores if score.sample == key))
        exhibit = exhibits[key]
        if part == "distance_mm":
            exhibit.distance_mm[garment] = arrays[name]
        if part != "vertices":
            continue
        mesh = arrays[name], arrays[f"{key}/{role}/{garment}/faces"]
        (exhibit.truth if role == "truth" else exhibit.prediction)[garment] = mesh
    return list(exhibits.values())


def view_meshes(meshes: "dict[str, Mesh]") -> list[ViewMesh]:
    """Garments in their classes' colours."""
    return [ViewMesh(name, *mesh, GARMENT_COLOURS[name]) for name, mesh in meshes.items()]
