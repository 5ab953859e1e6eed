"""What filling a map and reading it back loses, by fill method and by reading: the floor of each pair.

    garment data benchmark --out .garment/open192 --size 128 --workers 2
    OMP_NUM_THREADS=1 python experiments/benchmarks/fill_readback.py

The displacements that a set's own maps give (of `open192`, which is filled by 'least_norm' on a crowded layout) are
written to a map by the method, read back and measured against the raw garments, S2S in mm by class. What maps give back
of the vertices themselves, on either layout, is measured by `fill_exact.py`.
"""

import argparse
import sys
from pathlib import Path

from garment_uv.errors import UserError
from garment_uv.metrics.aggregate import S2STable
from garment_uv.metrics.evaluate import evaluate_sample
from garment_uv.samples.source import FolderSource, iterate_samples
from garment_uv.uv.fill import METHODS, fill
from garment_uv.uv.sampling import read_vertices, reading_of

CLASSES = ("Top", "Tshirt", "Trousers", "Jumpsuit", "Skirt", "Dress", "all")


def main() -> int:
    """Print and write `experiments/results/fill_readback.csv`; 1 where the dataset cannot be read."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from experiments.benchmarks.conditions import conditions, write_csv

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=".garment/open192/128", help="the benchmark set")
    parser.add_argument("--samples", type=int, default=36, help="of the split 'test', evenly spaced")
    chosen = parser.parse_args()
    try:
        tables = measure(FolderSource(chosen.data), chosen.samples)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    rows = [(*pair, *figures(table)) for pair, table in tables.items()]
    about = f"{conditions(0)}; {chosen.samples} samples of dataset {FolderSource(chosen.data).manifest.digest()}"
    path = write_csv("fill_readback", about, ("fill", "reading", *CLASSES), rows)
    print(about, *(", ".join(row) for row in rows), f"wrote {path}", sep="\n")
    return 0


def figures(table: S2STable) -> list[str]:
    """S2S in mm of each class and of all; nothing where no sample wears the class."""
    found = table.to_dict()
    return [f"{found[name]:.2f}" if name in found else "" for name in (f"s2s/{each}" for each in CLASSES)]


def measure(source: FolderSource, samples: int) -> dict[tuple[str, str], S2STable]:
    """S2S of true maps by fill method and reading, over `samples` of the test split."""
    atlas, stored = source.atlas(), reading_of(source.manifest.fill)
    scores = {(method, reading): [] for method in METHODS for reading in ("bilinear", "nearest")}
    for sample in iterate_samples(source, "test", samples):
        true = read_vertices(atlas, sample.displacement_uv, stored)
        for method in METHODS:
            texels = fill(atlas, true, sample.vertex_classes > 0, method)
            for reading in ("bilinear", "nearest"):
                scores[method, reading] += evaluate_sample(atlas, sample, read_vertices(atlas, texels, reading))
    return {pair: S2STable.from_scores(found) for pair, found in scores.items()}


if __name__ == "__main__":
    sys.exit(main())
