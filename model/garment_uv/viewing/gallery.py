"""What a trial leaves to look at: pictures, meshes and a page of its predictions beside the truth."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from garment_uv.geometry.s2s import Mesh, point_to_surface
from garment_uv.metrics.scores_file import SampleScore, write_scores
from garment_uv.outputs import replaced_folder
from garment_uv.training.evaluate import EvaluatedSample
from garment_uv.uv.atlas import Atlas
from garment_uv.viewing.exhibits import MESHES_FILE, view_meshes
from garment_uv.viewing.meshes import BODY_COLOUR, GARMENT_COLOURS, ViewMesh, glb
from garment_uv.viewing.picture import beside, png, render_views
from garment_uv.viewing.viewer import Panel, write_html

PAGE_FILE = "index.html"


def write_gallery(evaluated: Iterable[EvaluatedSample], atlas: Atlas, folder: Path, title: str) -> None:
    """Writes one page of linked 3D views, and per sample a picture and .glb files, as `folder`, whole or not at all.

    Per sample: `<key>.png` (the input, the prediction, the truth), `<key>-prediction.glb`, `<key>-truth.glb`;
    `index.html` shows all of them with the prediction coloured by its distance to the truth in mm; `meshes.npz` and
    `scores.json` keep them and their S2S for pages that compare runs.
    """
    panels: list[Panel] = []
    scores: list[SampleScore] = []
    arrays: dict[str, Any] = {}
    files: dict[str, bytes] = {}
    for item in evaluated:
        sample = item.sample
        truth = {name: (mesh.vertices, mesh.faces) for name, mesh in sample.garments.items()}
        body = ViewMesh("body", sample.body_vertices, atlas.faces["default"], BODY_COLOUR)
        s2s = ", ".join(f"{score.garment} {score.s2s.mean_mm:.1f} mm" for score in item.scores)
        scores += item.sample_scores
        predicted = error_meshes(item.meshes, truth)
        panels += [
            Panel(f"{sample.key}: prediction", (body, *predicted), s2s),
            Panel(f"{sample.key}: truth", (body, *view_meshes(truth))),
        ]
        pictures = _picture(sample.image, [body, *view_meshes(item.meshes)], [body, *view_meshes(truth)])
        files[f"{sample.key}.png"] = png(pictures)
        for role, meshes in {"prediction": item.meshes, "truth": truth}.items():
            if meshes:  # a model with segments of its own may see no garment at all
                files[f"{sample.key}-{role}.glb"] = glb({m.name: m for m in view_meshes(meshes)})
            for name, (vertices, faces) in meshes.items():
                arrays[f"{sample.key}/{role}/{name}/vertices"] = vertices.astype(np.float32)
                arrays[f"{sample.key}/{role}/{name}/faces"] = faces.astype(np.int32)
        for mesh in predicted:
            if mesh.values is not None:
                arrays[f"{sample.key}/prediction/{mesh.name}/distance_mm"] = mesh.values.astype(np.float32)
    with replaced_folder(folder) as fresh:
        for name, content in files.items():
            (fresh / name).write_bytes(content)
        if panels:
            write_html(panels, fresh / PAGE_FILE, title, caption="Colour: distance of the prediction to the truth.")
            np.savez_compressed(fresh / MESHES_FILE, **arrays)
            write_scores(scores, fresh)


def error_meshes(prediction: dict[str, Mesh], truth: dict[str, Mesh]) -> list[ViewMesh]:
    """Predicted garments with each vertex's distance in mm to the true garment of its class, or to any."""
    if not truth:
        return view_meshes(prediction)
    shown = []
    for name, (vertices, faces) in prediction.items():
        targets = [truth[name]] if name in truth else list(truth.values())
        distance = np.min([point_to_surface(vertices, *target) for target in targets], axis=0) * 1000
        shown.append(ViewMesh(name, vertices, faces, GARMENT_COLOURS[name], distance))
    return shown


def _picture(image: np.ndarray, prediction: list[ViewMesh], truth: list[ViewMesh]) -> np.ndarray:
    views = ("front", "three_quarter")
    return np.concatenate([beside(image, render_views(meshes, 320, views)) for meshes in (prediction, truth)], axis=0)
