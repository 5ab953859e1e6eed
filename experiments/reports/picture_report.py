"""CSV, table and pictures of what garments are worth with given, perturbed and predicted bodies."""

import statistics
from pathlib import Path
from typing import Any

import numpy as np

from experiments.benchmarks.conditions import RESULTS, conditions, write_csv
from garment_uv.metrics.aggregate import COLUMNS, S2STable, figures
from garment_uv.samples.config import AS_ESTIMATED

_KEYS = ("trained_on", "body", "segments", "placement_counted")


def write_report(name: str, results: list[dict[str, Any]], errors: dict[str, float], dataset: str) -> str:
    """Write `<name>.csv` and `.txt` under experiments/results/; the text."""
    about = f"{conditions(0)}; dataset {dataset}"
    header = (*_KEYS, "seed", "class", "s2s_mm", "pred_to_true_mm", "true_to_pred_mm", "garments", "missing")
    lines = []
    for item in results:
        for cls, row in {**(t := S2STable.from_plain(item["table"])).classes, "all": t.all, "macro": t.macro}.items():
            both = (row.mean_mm, row.pred_to_true_mm, row.true_to_pred_mm)
            numbers = (*(f"{mm:.4f}" for mm in both), row.samples, row.missing)
            lines.append((*(item[key] for key in _KEYS), item["seed"], cls, *numbers))
    write_csv(name, about, header, lines)
    said = "; ".join(f"{key} {value:.3g}" for key, value in errors.items())
    noise = AS_ESTIMATED
    text = "\n\n".join(
        [
            about,
            f"perturbed: {noise.pose_degrees:g} degrees a joint, {noise.shape:g} a shape coefficient, "
            f"{1000 * noise.translation_m:g} mm across and {1000 * noise.depth_m:g} mm along the line of sight",
            f"predicted: the body network's errors on val, of the last seed: {said}",
            *(_table(results, segments, placed) for segments in ("given", "predicted") for placed in (False, True)),
        ]
    )
    (RESULTS / f"{name}.txt").write_text(text + "\n")
    return text


def _table(results: list[dict[str, Any]], segments: str, placed: bool) -> str:
    rule = "the body's error of placement counted in" if placed else "root-relative"
    lines = [f"{segments} segments, {rule}", f"{'S2S, mm':<32}" + "".join(f"{name:>10}" for name in COLUMNS)]
    chosen = [item for item in results if (item["segments"], item["placement_counted"]) == (segments, placed)]
    for told, body in dict.fromkeys((item["trained_on"], item["body"]) for item in chosen):
        found = [
            figures(S2STable.from_plain(item["table"]))
            for item in chosen
            if (item["trained_on"], item["body"]) == (told, body)
        ]
        means = {
            name: statistics.mean(one[name] for one in found if name in one)
            for name in COLUMNS
            if any(name in one for one in found)
        }
        cells = "".join(f"{means[name]:>10.2f}" if name in means else f"{'-':>10}" for name in COLUMNS)
        lines.append(f"{f'{told}; told {body}':<32}" + cells)
    return "\n".join(lines)


def draw(model: Path, body_model: Path, source, count: int, folder: Path, size: int = 256) -> None:
    """`<key>.png` per sample: the picture; on the given body; from the picture alone, in its place; the truth."""
    from PIL import Image

    from garment_uv.estimation.picture_alone import body_swap
    from garment_uv.samples.other_body import placement_error
    from garment_uv.training.evaluate import saved_evaluator
    from garment_uv.viewing.exhibits import view_meshes
    from garment_uv.viewing.meshes import BODY_COLOUR, ViewMesh
    from garment_uv.viewing.picture import render_through, render_views

    folder.mkdir(parents=True, exist_ok=True)
    swap = body_swap("predicted", source, body_model)
    given = saved_evaluator(model, source).samples("test", "predicted", count)
    alone = saved_evaluator(model, source, swap_body=swap).samples("test", "predicted", count)
    for first, second in zip(given, alone, strict=True):
        sample, faces = first.sample, source.atlas().faces["default"]
        step = placement_error(second.seen, sample)
        truth = {name: (mesh.vertices, mesh.faces) for name, mesh in sample.garments.items()}
        columns = []
        for meshes, body, moved in (
            (first.meshes, sample.body_vertices, 0),
            (second.meshes, second.seen.body_vertices, step),
            (truth, sample.body_vertices, 0),
        ):
            shown = [ViewMesh("body", body + moved, faces, BODY_COLOUR)]
            shown += view_meshes({name: (points + moved, corners) for name, (points, corners) in meshes.items()})
            around = render_views(shown, size, ("three_quarter",))
            columns.append(np.concatenate([render_through(shown, sample.body.camera, size), around], axis=0))
        photograph = np.asarray(Image.fromarray(sample.image).resize((size, size), Image.Resampling.BICUBIC))
        left = np.concatenate([photograph, np.full_like(photograph, 247)], axis=0)
        Image.fromarray(np.concatenate([left, *columns], axis=1)).save(folder / f"{sample.key}.png")
