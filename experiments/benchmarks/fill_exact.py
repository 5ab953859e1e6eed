"""Which vertices a map gives back, by the atlas's layout and by fill, on garments made here; and how smooth it stays.

    OMP_NUM_THREADS=1 python experiments/benchmarks/fill_exact.py [--folder .garment/fill_exact]

Two frames each of twelve procedural outfits (seed 5), so that every class is among them, registered on the body at both
sizes of the benchmark set. *Off* are vertices of a garment that are read back more than 0.05 mm from their value, by
maps before their rounding to 16 bits; *share* those that no map of the atlas gives back whatever their values are.
*Overshoot* is by how much a map leaves the range of its vertices' values, as a share of it. *From linear*: how far a
texel inside a triangle lies from the linear interpolation between its corners, which is no error but tells of ringing.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from garment_uv.body import build_topology, load_body
from garment_uv.body.protocol import BodyModel
from garment_uv.body.topology import BodyTopology
from garment_uv.datasets.cloth3d.camera import turned
from garment_uv.datasets.open.synthesize import synthesize
from garment_uv.datasets.raw import open_sequence
from garment_uv.registration.register import register_outfit
from garment_uv.samples.frames import at_rest
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.build import Layout, build_atlas
from garment_uv.uv.fill import extend, fill
from garment_uv.uv.least_norm import barycentric
from garment_uv.uv.readback import EXACT_M, readback
from garment_uv.uv.sampling import coverage, read_vertices
from garment_uv.uv.system import vertices_that_share

SEQUENCES, FRAMES, SEED = 12, 2, 5
SIZES = {128: 0, 256: 1}
"""Texels, and how often the body is subdivided."""
LAYOUTS: tuple[Layout, ...] = ("crowded", "spread")
FILLS = ("least_norm", "exact")
COLUMNS = ("texels", "layout", "fill", "vertices", "share", "mean mm", "median of worst mm", "worst mm", "off a map")
SMOOTH = ("most off", "overshoot", "from linear mean mm", "from linear p99.9 mm", "ms a map", "atlas s")

Worn = tuple[np.ndarray, np.ndarray]
"""Displacements [V, 3] in metres and which vertices bear a garment [V]."""


def main() -> int:
    """Print and write `experiments/results/fill_exact.csv`; 1 where an exact fill on a spread layout is off."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from experiments.benchmarks.conditions import conditions, write_csv

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", default=".garment/fill_exact", type=Path, help="where the garments are made")
    folder = parser.parse_args().folder
    synthesize(folder, SEQUENCES, FRAMES, SEED, {"train": 1.0}, "frames")
    body, rows = load_body("anny"), []
    for size, subdivisions in SIZES.items():
        topology = build_topology(body, subdivisions)
        worn = list(displacements(folder, body, topology))
        for layout in LAYOUTS:
            began = time.perf_counter()
            atlas = build_atlas(topology, size, layout)
            took = time.perf_counter() - began
            for method in FILLS:
                rows.append((size, layout, method, *measure(atlas, worn, method), f"{took:.1f}"))
                print(*rows[-1], flush=True)
    print(write_csv("fill_exact", conditions(SEED), (*COLUMNS, *SMOOTH), rows))
    return int(any(row[1:3] == ("spread", "exact") and row[9] for row in rows))


def displacements(folder: Path, body: BodyModel, topology: BodyTopology) -> Iterator[Worn]:
    """What maps are made of, frame by frame of each sequence."""
    for path in sorted((folder / "train").iterdir()):
        sequence = open_sequence(path)
        rest = at_rest(sequence, body, topology)
        registration = register_outfit(topology, rest.body, rest.garments, rest.root, rest.zrot)
        mask = registration.vertex_classes > 0
        for index in sequence.frame_indices:
            frame = sequence.frame(index)
            away = registration.apply(frame.garments) - topology.vertices(body.pose(frame.body))
            yield turned(np.where(mask[:, None], away, 0.0), frame.zrot), mask
        sequence.close()


def measure(atlas: Atlas, worn: list[Worn], method: str) -> tuple[object, ...]:
    """The columns from 'vertices' to 'ms a map'."""
    cover, errors, worst, off, over, away, took = coverage(atlas), [], [], [], [], [], []
    inside = cover.texels[cover.inside]
    for values, mask in worn:
        fill(atlas, values, mask, method)
        began = time.perf_counter()
        texels = fill(atlas, values, mask, method)
        took.append(1000 * (time.perf_counter() - began))
        errors.append(1000 * np.linalg.norm(read_vertices(atlas, texels) - values, axis=1)[mask])
        worst.append(1000 * readback(atlas, values, mask, texels).worst_m)
        off.append(int((errors[-1] > 1000 * EXACT_M).sum()))
        known, flat = extend(atlas, values, mask), texels.reshape(3, -1).T
        low, high = known.min(axis=0), known.max(axis=0)
        over.append(float((np.maximum(flat - high, low - flat) / (high - low)).max()))
        away.append(1000 * np.linalg.norm(flat[inside] - barycentric(atlas, known)[inside], axis=1))
    texel = np.concatenate(away)
    found = (np.concatenate(errors).mean(), np.median(worst), max(worst))
    smooth = (f"{max(over):.3f}", f"{texel.mean():.3f}", f"{np.percentile(texel, 99.9):.1f}", f"{np.median(took):.1f}")
    counts = f"{np.mean(off):.1f}", max(off)
    return atlas.num_vertices, len(vertices_that_share(atlas)), *(f"{mm:.3f}" for mm in found), *counts, *smooth


if __name__ == "__main__":
    sys.exit(main())
