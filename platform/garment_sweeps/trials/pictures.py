"""What a person looks at in a trial's run: predicted garments beside the true ones, as page, picture and glb."""

import html
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from garment_uv.training.evaluate import EvaluatedSample
    from garment_uv.training.trainer import Trainer

BODY_COLOUR = (205, 190, 178)
TRUE_COLOUR = (120, 150, 200)


def write_pictures(trainer: "Trainer", folder: Path) -> bool:
    """Writes `meshes.html`, and per sample `<key>.glb` and `<key>.png`, of the samples that the config keeps.

    The page shows each sample twice, predicted and true, the predicted surface coloured by its distance to the
    true one in mm. False where the config keeps none.
    """
    from garment_uv.reconstruction.export import write_glb
    from garment_uv.reconstruction.picture import beside, render, write_png
    from garment_uv.reconstruction.viewer import Panel, ViewMesh, write_html

    chosen = trainer.config.evaluation
    if not chosen.meshes:
        return False
    panels = []
    for item in trainer.evaluator.samples(chosen.split, chosen.segments, chosen.meshes):
        predicted = _predicted(item)
        true = [
            ViewMesh(f"true {name}", garment.vertices, garment.faces, colour=TRUE_COLOUR)
            for name, garment in item.sample.garments.items()
        ]
        body = ViewMesh("body", item.sample.body_vertices, trainer.atlas.faces["default"], BODY_COLOUR)
        errors = ", ".join(f"{score.garment} {score.s2s.mean_mm:.1f} mm" for score in item.scores)
        key = item.sample.key
        panels += [
            Panel(f"{key}, predicted", (body, *predicted), html.escape(errors)),
            Panel(f"{key}, true", (body, *true)),
        ]
        write_glb({mesh.name: mesh for mesh in predicted}, folder / f"{key}.glb")
        write_png(beside(item.sample.image, render([body, *predicted], size=320)), folder / f"{key}.png")
    if panels:
        write_html(panels, folder / "meshes.html", f"Epoch {trainer.epoch}: predicted and true garments")
    return bool(panels)


def _predicted(item: "EvaluatedSample") -> list:
    from garment_uv.metrics.s2s import point_to_surface
    from garment_uv.reconstruction.meshes import ViewMesh

    meshes = []
    for name, (vertices, faces) in item.meshes.items():
        values = None
        truth = item.sample.garments.get(name)
        if truth is not None and len(faces):
            values = 1000.0 * np.asarray(point_to_surface(vertices, truth.vertices, truth.faces, device="cpu"))
        meshes.append(ViewMesh(name, vertices, faces, values=values))
    return meshes
