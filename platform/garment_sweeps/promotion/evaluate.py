"""One S2S table for our models and for anyone's meshes, by one protocol."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from garment_sweeps.comparison.layouts import LAYOUTS, Layout, parse_meshes, read_meshes
from garment_sweeps.promotion.champion import CHAMPION, champion_folder
from garment_sweeps.storage import open_source
from garment_uv.errors import UserError
from garment_uv.metrics.aggregate import GarmentScore, S2STable
from garment_uv.metrics.evaluate import evaluate_meshes
from garment_uv.outputs import write_file
from garment_uv.samples.sample import Sample
from garment_uv.samples.source import iterate_samples

if TYPE_CHECKING:
    from garment_uv.training.evaluate import BodyTables

Segments = Literal["given", "predicted"]
CSV_COLUMNS = ("system", "class", "garments", "s2s_mm", "pred_to_true_mm", "true_to_pred_mm", "missing")


def evaluate(
    uri: str,
    models: Sequence[str] = (),
    meshes: Sequence[str] = (),
    split: str = "test",
    segments: Segments = "predicted",
) -> dict[str, S2STable]:
    """S2S per class on a split of the dataset at `uri`, of models and of folders of meshes, by their names.

    Args:
        uri: the dataset, a folder or s3://bucket/prefix.
        models: model folders, or 'champion' for the registry's champion.
        meshes: folders `<meshes>/<sample key>/<Class>.obj` (or .glb, .ply, .off, .stl), metres, in the sample's frame:
            root-relative, z-up, turned by zrot; with 'LAYOUT:' before them as another system writes them (see
            `layouts`). A sample without a folder is refused, so that none is forgotten.
        split: an evaluation split, which holds raw garments.
        segments: the dataset's or the model's own, for models.

    Raises:
        UserError: no system at all, one twice, an unknown split, a mesh that cannot be read.
    """
    names = [*models, *meshes]
    if not names:
        raise UserError("give at least one system to score: --model or --meshes")
    if len(set(names)) < len(names):
        raise UserError("a system is given twice: name each --model and --meshes once")
    from garment_uv.training.evaluate import evaluate_model

    source = open_source(uri)
    tables = {name: evaluate_model(model_folder(name), source, split, segments) for name in models}
    atlas = source.atlas()
    for name in meshes:
        layout, folder = parse_meshes(name)
        samples = iterate_samples(source, split)
        tables[name] = S2STable.from_scores(
            score for sample in samples for score in _score_folder(sample, folder, LAYOUTS[layout], atlas.faces)
        )
    return tables


def write_csv(tables: Mapping[str, S2STable], path: Path) -> None:
    """A line for each system and class, 'all' and 'macro' included, mm."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for system, table in tables.items():
        for name, row in {**table.classes, "all": table.all, "macro": table.macro}.items():
            figures = (row.mean_mm, row.pred_to_true_mm, row.true_to_pred_mm)
            writer.writerow([system, name, row.samples, *(f"{mm:.4f}" for mm in figures), row.missing])
    write_file(path, text.getvalue())


@dataclass(frozen=True)
class Bodies:
    """Whose bodies a model is told."""

    names: tuple[str, ...]
    """'given', 'perturbed', 'predicted'."""
    body_model: Path | None = None
    """The body network of 'predicted'; the model's own companion where not given."""
    smpl_dir: Path | None = None
    """The user's SMPL files, for datasets of SMPL."""
    seed: int = 0
    """Decides the perturbation, and which squares the prediction starts from."""


def evaluate_bodies(
    uri: str, model: str, bodies: Bodies, split: str = "test", segments: Segments = "predicted"
) -> "dict[str, BodyTables]":
    """S2S of a model on several bodies, by their names: see `garment_uv.estimation.picture_alone.BODY_SOURCES`.

    Dataset, model, split and segments are as `evaluate` has them.
    """
    from garment_uv.estimation.model_file import companion
    from garment_uv.estimation.picture_alone import body_swap
    from garment_uv.training.evaluate import saved_evaluator

    source, folder = open_source(uri), model_folder(model)
    network = bodies.body_model or companion(folder)
    names = dict.fromkeys(bodies.names)
    swaps = {name: body_swap(name, source, network, bodies.smpl_dir or "", bodies.seed) for name in names}
    return {
        name: saved_evaluator(folder, source, swap_body=swap).tables(split, segments) for name, swap in swaps.items()
    }


def model_folder(model: str) -> Path:
    """The folder of a model named by 'champion' or by its path."""
    return champion_folder() if model == CHAMPION else Path(model)


def _score_folder(sample: Sample, meshes: Path, layout: Layout, faces: dict[str, np.ndarray]) -> list[GarmentScore]:
    folder = meshes / sample.key
    if not folder.is_dir():
        example = next(iter(layout.names))
        raise UserError(f"{folder} is missing: put one mesh per garment there, for example {folder}/{example}.obj")
    true = {name: (garment.vertices, garment.faces) for name, garment in sample.garments.items()}
    return evaluate_meshes(dict(read_meshes(folder, layout)), true, (sample.body_vertices, faces[sample.topology]))
