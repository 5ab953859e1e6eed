"""The open set to train on: simulated cloth of full variety, three frames of each sequence chosen far apart.

Nothing lies between the solver and the shards: a sequence is performed in memory, and prepared at all sizes from there.
"""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from garment_uv.datasets.open.performed import PerformedRaw
from garment_uv.datasets.open.performer import OpenPerformer
from garment_uv.datasets.open.plan import SequencePlan, plan_sequences
from garment_uv.samples.config import PrepareOptions
from garment_uv.samples.sets.checks import check_complete, check_held_out
from garment_uv.samples.sets.made import Made, Progress, SetOptions, chosen_sizes, made_of, prepare_sizes, share_of

NAME = "open2k"
SPLITS: Mapping[str, int] = {"train": 2010, "val": 156, "test": 204}
"""Sequences planned per split, each outfit equally often."""
LEAST: Mapping[str, int] = {"train": 2000, "val": 150, "test": 200}
"""Sequences without which it is not the set; what cannot be simulated is drawn anew, and so hardly ever lacks."""
FRAMES = 3
SEED = 2000
SIZES: Mapping[str, PrepareOptions] = {
    "128": PrepareOptions(map_size=128, subdivisions=0, floor_frames=1),
    "256": PrepareOptions(floor_frames=1),
}
"""By texels along a side; pictures have 256 px at either, since what they show does not depend on the map."""
RECORDED: Mapping[str, str] = {"128": "", "256": ""}
"""Samples' digests by size; not made whole yet."""


def plan_open2k(share: float = 1.0) -> list[SequencePlan]:
    """The set's sequences, or the first of each split: a part's samples are the whole set's."""
    left = share_of(SPLITS, share)
    by_split: dict[str, list[SequencePlan]] = defaultdict(list)
    for plan in plan_sequences(sum(SPLITS.values()), FRAMES, SEED, SPLITS, variety="full"):
        by_split[plan.split].append(plan)
    return [plan for split, plans in by_split.items() for plan in plans[: left[split]]]


def make_open2k(out: Path | str, options: SetOptions, progress: Progress) -> list[Made]:
    """Make one dataset `<out>/<size>` for each size in one pass; what is there is kept, and repeating goes on.

    UserError for an unknown size, for something else in `out`, and for a set that is not as it should be: too few
    sequences, a class missing from a split, or a subject or cut of one split in another.
    """
    sizes, out = chosen_sizes(NAME, SIZES, options), Path(out)
    keep = out / "raw" if options.keep_raw else None
    raw = PerformedRaw(NAME, plan_open2k(options.share), OpenPerformer("simulated"), keep)
    prepare_sizes(raw, out, {size: SIZES[size] for size in sizes}, options.workers, progress(f"make {NAME}"))
    made = []
    for size in sizes:
        found, manifest = made_of(out / size, NAME, RECORDED[size])
        check_held_out(manifest)
        if options.share == 1:
            check_complete(manifest, LEAST)
        made.append(found)
    return made
