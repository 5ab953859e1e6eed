"""One S2S table for our model or for anyone's meshes, by one protocol."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from garment_uv.classes import GARMENT_CLASSES
from garment_uv.errors import UserError
from garment_uv.metrics.aggregate import S2STable
from garment_uv.metrics.evaluate import GarmentScore, evaluate_meshes
from garment_uv.metrics.s2s import Mesh
from garment_uv.samples.sample import Sample
from garment_uv.samples.source import iterate_samples

if TYPE_CHECKING:
    from garment_uv.training.evaluate import BodyTables

MESH_SUFFIXES = (".obj", ".glb", ".ply", ".off", ".stl")


def evaluate(
    uri: str, model: str | None = None, meshes: Path | None = None, split: str = "test", segments: str = "predicted"
) -> S2STable:
    """S2S per class on a split of the dataset at `uri`, of a model or of a folder of meshes.

    Args:
        uri: the dataset, a folder or s3://bucket/prefix.
        model: a model folder, or 'champion' for the registry's champion.
        meshes: `<meshes>/<sample key>/<Class>.obj` (or .glb, .ply, .off, .stl), metres, in the sample's frame:
            root-relative, z-up, turned by zrot. A sample without a folder is refused, so that none is forgotten.
        split: an evaluation split, which holds raw garments.
        segments: 'given' or 'predicted', for a model.

    Raises:
        UserError: neither or both of model and meshes, an unknown split, a mesh that cannot be read.
    """
    if (model is None) == (meshes is None):
        raise UserError("give either --model or --meshes: one system is scored at a time")
    from garment_sweeps.shards import open_source

    source = open_source(uri)
    if meshes is not None:
        atlas = source.atlas()
        samples = iterate_samples(source, split)
        return S2STable.from_scores(score for sample in samples for score in _score_folder(sample, meshes, atlas.faces))
    from garment_uv.training.evaluate import evaluate_model

    return evaluate_model(model_folder(model or ""), source, split, segments)


def evaluate_bodies(
    uri: str,
    model: str,
    bodies: Sequence[str],
    split: str = "test",
    segments: str = "predicted",
    body_model: Path | None = None,
    smpl_dir: Path | None = None,
    seed: int = 0,
) -> "dict[str, BodyTables]":
    """S2S of a model told several bodies, by their names: see `garment_uv.bodyfit.seen.BODIES`.

    Args:
        uri, model, split, segments: as `evaluate` has them.
        bodies: 'given', 'perturbed', 'predicted'.
        body_model: the body network of 'predicted'; the model's own companion where not given.
        smpl_dir: the user's SMPL files, for datasets of SMPL.
        seed: decides the perturbation, and which squares the prediction starts from.
    """
    from garment_sweeps.shards import open_source
    from garment_uv.bodyfit.model_file import companion
    from garment_uv.bodyfit.seen import teller
    from garment_uv.training.evaluate import saved_evaluator

    source, folder = open_source(uri), model_folder(model)
    network = body_model or companion(folder)
    tellers = {body: teller(body, source, network, smpl_dir or "", seed) for body in dict.fromkeys(bodies)}
    return {body: saved_evaluator(folder, source, tell=tell).tables(split, segments) for body, tell in tellers.items()}


def model_folder(model: str) -> Path:
    """The folder of a model named by 'champion' or by its path."""
    if model == "champion":
        from garment_sweeps.promotion import champion_folder

        return champion_folder()
    return Path(model)


def _score_folder(sample: Sample, meshes: Path, faces: dict[str, np.ndarray]) -> list[GarmentScore]:
    folder = meshes / sample.key
    if not folder.is_dir():
        raise UserError(f"{folder} is missing: put one mesh per garment class there, for example {folder}/Top.obj")
    true = {name: (garment.vertices, garment.faces) for name, garment in sample.garments.items()}
    return evaluate_meshes(dict(_read_meshes(folder)), true, (sample.body_vertices, faces[sample.topology]))


def _read_meshes(folder: Path) -> Iterator[tuple[str, Mesh]]:
    import trimesh

    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in MESH_SUFFIXES:
            continue
        if path.stem not in GARMENT_CLASSES:
            raise UserError(f"{path} names no garment class; the file names are {', '.join(GARMENT_CLASSES)}")
        try:
            mesh = trimesh.load(path, force="mesh", process=False)
        except (ValueError, OSError, IndexError, KeyError) as error:
            raise UserError(f"{path} cannot be read as a mesh: {str(error).splitlines()[0][:120]}") from None
        vertices, faces = np.asarray(mesh.vertices, np.float32), np.asarray(mesh.faces, np.int32)
        if not len(faces) or not np.isfinite(vertices).all():
            raise UserError(f"{path} has no faces, or vertices that are not finite; export the mesh again")
        yield path.stem, (vertices, faces)
