"""What the frames of the posed surface cost, beside those by differences over the map and a whole training step.

    garment data synthesize --out RAW --sequences 4 --frames 1 --images frames
    garment data prepare --raw RAW --out DATASET
    OMP_NUM_THREADS=1 python experiments/benchmarks/surface_frames.py --data DATASET [--device cpu] [--batch 4]

The step is the default trial's, with `generator.frame=surface`; its own frames are part of it. Also how long a normal
is that is written to a map and read back, at seam vertices and at all others.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import torch

from garment_uv.errors import UserError
from garment_uv.networks.encoder import texel_frames
from garment_uv.samples.loader import SampleLoader
from garment_uv.samples.source import FolderSource
from garment_uv.training.trainer import Trainer
from garment_uv.training.trial import TrialConfig
from garment_uv.uv.frames import SurfaceFrames
from garment_uv.uv.sampling import MapSampler

TURNS = 5


def main() -> int:
    """Prints medians in ms; 1 where there is no such dataset."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    options = parser.parse_args()
    try:
        source = FolderSource(options.data)
        split = source.manifest.splits[0]
        batch = next(SampleLoader(source, split, options.batch).batches(0)).to(options.device)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    atlas = source.atlas()
    frames, read = SurfaceFrames(atlas).to(options.device), MapSampler(atlas).to(options.device)
    changes = {"data.uri": options.data, "generator.frame": "surface", "training.device": options.device}
    trainer = Trainer(TrialConfig().with_values({**changes, "evaluation.split": _evaluated(source)}), source)
    ways: dict[str, Callable[[], object]] = {
        "frames of the surface": lambda: frames(batch.body_vertices),
        "by differences": lambda: texel_frames(batch.body_uv),
        "a training step": lambda: trainer.train_batch(batch),
    }
    print(f"batch of {len(batch)}, {atlas.num_vertices} vertices, {atlas.size} texels, {options.device}")
    taken = {name: statistics.median(_timed(way) for _ in range(TURNS + 1)) for name, way in ways.items()}
    for name, seconds in taken.items():
        print(f"{name}: {1000 * seconds:.1f} ms, {seconds / taken['a training step']:.2%} of a step")
    seam = torch.from_numpy(np.bincount(atlas.point_vertex) > 1)
    for name, maps in (("surface", frames(batch.body_vertices)), ("differences", texel_frames(batch.body_uv))):
        lengths = read(maps[:, 2]).norm(dim=2).cpu()
        at = f"mean {lengths[:, seam].mean():.4f} at seams, {lengths[:, ~seam].mean():.4f} elsewhere"
        print(f"length of a normal read back, {name}: {at}, least {lengths.min():.4f}, most {lengths.max():.4f}")
    return 0


def _evaluated(source: FolderSource) -> str:
    known = source.manifest.splits
    return next((split for split in known if split in source.manifest.evaluation_splits), known[0])


def _timed(way: Callable[[], object]) -> float:
    began = time.perf_counter()
    way()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
