"""The digest of a small set that is synthesized and prepared here, and what its samples hold."""

import hashlib
from pathlib import Path

import numpy as np

from garment_uv.samples.sample import Sample
from garment_uv.samples.source import FolderSource, iterate_samples

MAPS = ("image", "body_uv", "displacement_uv", "body_vertices")


def test_a_small_set_is_the_same(hold, small_set):
    source = FolderSource(small_set.prepared)
    splits = source.manifest.splits
    figures = {sample.key: _figures(sample) for split in splits for sample in iterate_samples(source, split)}
    bits = {
        "raw": _digest(small_set.raw),
        "samples": small_set.manifest.samples_digest(),
        "version": small_set.manifest.digest(),
    }
    hold(figures, relative=1e-3, absolute=1e-4, bits={"atlas": small_set.manifest.atlas.atlas_digest}, bits_here=bits)


def _figures(sample: Sample) -> dict:
    maps = {name: np.asarray(getattr(sample, name), np.float64) for name in MAPS}
    return {
        **{name: [float(values.mean()), float(values.std())] for name, values in maps.items()},
        "segments": [
            float(share) for share in np.bincount(sample.segments.ravel(), minlength=7) / sample.segments.size
        ],
        "vertex_classes": np.bincount(sample.vertex_classes, minlength=7).tolist(),
        "topology": sample.topology,
        "garments": {name: [len(mesh.vertices), len(mesh.faces)] for name, mesh in sample.garments.items()},
    }


def _digest(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{path.relative_to(folder)} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
