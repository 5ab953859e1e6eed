"""The first open set, for old figures: procedural cloth, 192 sequences of 6 frames, raw and prepared at two sizes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from garment_uv.body import load_body
from garment_uv.datasets.open.synthesize import synthesize
from garment_uv.samples.config import PrepareOptions
from garment_uv.samples.manifest import MANIFEST_KEY
from garment_uv.samples.prepare import prepare
from garment_uv.samples.sets.checks import check_complete, check_raw_held_out
from garment_uv.samples.sets.made import Made, Progress, SetOptions, chosen_sizes, made_of, share_of
from garment_uv.samples.sink import FolderSink

NAME = "open192"
SPLITS: Mapping[str, int] = {"train": 120, "val": 36, "test": 36}
"""Sequences per split: each of the six outfits twenty times to train on and six times in either other split."""
FRAMES = 6
SEED = 192
_AS_EVER: dict[str, Any] = {"labels": False, "layout": "crowded", "fill": "least_norm"}
SIZES: Mapping[str, PrepareOptions] = {
    "128": PrepareOptions(map_size=128, image_size=128, subdivisions=0, **_AS_EVER),
    "256": PrepareOptions(**_AS_EVER),
}
"""Texels and pixels along a side: 128 for what two processor cores train in minutes, 256 for the full-size model.

A quarter of the covered texels is nearest to some vertex at either size: gaps weigh alike. The set is older than labels
and than maps that give back every vertex, and stays without them.
"""
RECORDED: Mapping[str, str] = {"128": "5de7c02c02b2a53e", "256": "a11cb4c3a15fb977"}
"""Samples' digests by size, as made on an Intel Xeon with AVX-512, with infra/requirements.lock, on Linux x86-64."""


def make_open192(out: Path | str, options: SetOptions, progress: Progress) -> list[Made]:
    """Make `<out>/raw` and one dataset `<out>/<size>` for each size; what is there is kept.

    UserError for an unknown size, for another raw set in `out`, and for a set that is not as it should be: a
    sequence left out, a class missing from a split, or a subject or outfit of one split in another.
    """
    sizes, out, whole = chosen_sizes(NAME, SIZES, options), Path(out), options.share == 1
    counts = share_of(SPLITS, options.share)
    raw, workers = out / "raw", options.workers
    synthesize(raw, sum(counts.values()), FRAMES, SEED, counts, "frames", progress("synthesize"), workers)
    check_raw_held_out(raw)
    made = []
    for size in sizes:
        folder = out / size
        if not (folder / MANIFEST_KEY).exists():
            prepare(raw, FolderSink(folder), load_body("anny"), SIZES[size], workers, progress(f"prepare {size}"))
        found, manifest = made_of(folder, NAME, RECORDED[size])
        if whole:
            check_complete(manifest, counts)
        made.append(found)
    return made
