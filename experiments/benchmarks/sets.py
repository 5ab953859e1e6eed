"""What a sequence of a set by name costs, how near it is registered, and whether its labels agree with its masks.

    python experiments/benchmarks/sets.py open2k --count 40
    python experiments/benchmarks/sets.py artist --clothes package --count 140

Takes sequences evenly spread over the set, and does with each what `garment data benchmark` does, in one process:
performs it, pictures it, and encodes it for both sizes. Processor seconds are means over all but the first, which
compiles. Floors are S2S in mm of what is read back from the map, per class and size; labels are compared with the masks
at 256 px, in all pixels that the person fills. Writes `experiments/results/sets_<name>.csv`; exit 1 where a class has a
floor with a median over 3 mm or a 95th percentile over 8 mm, or where more than 0.1 % of the labels are wrong.
"""

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from experiments.benchmarks.conditions import conditions, write_csv
from garment_uv.body import build_topology, load_body
from garment_uv.datasets.artist.performer import ArtistPerformer
from garment_uv.datasets.artist.plan import plan_artist
from garment_uv.datasets.open.performed import PerformedRaw
from garment_uv.datasets.open.performer import OpenPerformer
from garment_uv.datasets.raw import AtHand, RawSequence
from garment_uv.samples.frames import Shot, Workshop
from garment_uv.samples.parts import Target, encode_parts
from garment_uv.samples.sets import artist, open2k
from garment_uv.samples.source import evenly_spaced
from garment_uv.uv.build import build_atlas

MEDIAN_MM, HIGH_MM, WRONG = 3.0, 8.0, 0.001
"""Goals: per class the median and the 95th percentile of the floor, and the share of labels that disagree."""


class Bench:
    """The sequences of a set, one after the other."""

    def __init__(self, raw: PerformedRaw, sizes: dict, scratch: Path) -> None:
        self._raw, self._body = raw, load_body("anny")
        self._targets = []
        for size, options in sizes.items():
            topology = build_topology(self._body, options.subdivisions)
            atlas = build_atlas(topology, options.map_size, options.layout)
            self._targets.append(Target(Workshop(self._body, topology, atlas, options), scratch / size))
        self.sizes = tuple(sizes)
        self.seconds: list[tuple[float, float, float]] = []
        self.floors: dict[tuple[str, str], list[float]] = defaultdict(list)
        self.inside = self.wrong = self.left_out = self.anew = 0

    def take(self, item: RawSequence) -> None:
        """Makes one, and keeps its figures."""
        start = time.process_time()
        with self._raw.open(item) as found:
            sequence = found.read()
        performed = time.process_time()
        sequence.frame(0)
        pictured = time.process_time()
        records = encode_parts(AtHand(found.place, lambda: sequence), item, self._targets, found.place)
        self.seconds.append((performed - start, pictured - performed, time.process_time() - pictured))
        self.anew += sequence.note is not None
        for size, record in zip(self.sizes, records, strict=True):
            self.left_out += record.entry is None
            for name, floor in (record.entry.floor_s2s_mm if record.entry else {}).items():
                self.floors[size, name].append(floor)
        for index in sequence.frame_indices:
            shot = Shot(sequence, index, self._body)
            mask, labels = shot.square(256)[1], shot.parsing(256)
            self.inside += int((mask == 255).sum())
            self.wrong += int((labels[mask == 255] == 0).sum() + (labels[mask == 0] > 0).sum())
        print(f"{found.place}: {' '.join(f'{each:.2f}' for each in self.seconds[-1])} s", flush=True)


def main() -> int:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=["open2k", "artist"])
    parser.add_argument("--clothes", type=Path, help="for artist: the folder of clothes")
    parser.add_argument("--count", type=int, default=40)
    options = parser.parse_args()
    if options.name == "artist":
        if options.clothes is None:
            parser.error("artist needs --clothes")
        module, plans, performer = artist, plan_artist(artist.FRAMES, artist.SEED), ArtistPerformer(options.clothes)
    else:
        module, plans, performer = open2k, open2k.plan_open2k(), OpenPerformer("simulated")
    raw = PerformedRaw(options.name, plans, performer)
    with tempfile.TemporaryDirectory(prefix="garment-sets-") as scratch:
        bench, items = Bench(raw, dict(module.SIZES), Path(scratch)), raw.sequences()
        for place in evenly_spaced(len(items), min(options.count, len(items))):
            bench.take(items[place])
    seconds = np.mean(bench.seconds[1:] or bench.seconds, axis=0)
    whole = seconds.sum() * len(items) / 3600
    rows = [("seconds", what, len(bench.seconds), round(float(each), 3), "", "")
            for what, each in zip(("perform", "picture", "encode"), seconds, strict=True)]  # fmt: skip
    rows.append(("core-hours", "whole set", len(items), round(float(whole), 2), "", ""))
    rows.append(("sequences", "left out", len(bench.seconds), bench.left_out, "", ""))
    rows.append(("sequences", "drawn anew", len(bench.seconds), bench.anew, "", ""))
    rows.append(("labels", "wrong", bench.inside, bench.wrong / max(bench.inside, 1), "", ""))
    floors = [
        (
            f"floor {size}",
            name,
            len(mm),
            round(float(np.median(mm)), 3),
            round(float(np.percentile(mm, 95)), 3),
            max(mm),
        )
        for (size, name), mm in sorted(bench.floors.items())
    ]
    about = conditions(module.SEED)
    columns = ("what", "of", "number", "value", "p95", "worst")
    print(about)
    for row in (columns, *rows, *floors):
        print("  ".join(f"{value!s:>12}" for value in row))
    print(write_csv(f"sets_{options.name}", about, columns, rows + floors))
    reached = bench.wrong <= WRONG * bench.inside and all(row[3] <= MEDIAN_MM and row[4] <= HIGH_MM for row in floors)
    print("reached" if reached else "NOT REACHED", f"floors of {MEDIAN_MM} and {HIGH_MM} mm, {WRONG:.1%} of the labels")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
