"""The open benchmark set: one fixed order of synthetic sequences, prepared at two sizes, known by its version.

Its name is `open192-` and the beginning of `Manifest.samples_digest`, which stays as it is when a manifest tells more
of the registration. The same command gives the same digest on one machine. On another processor the last bits of
floating-point sums may differ, and with them the digest: then the set is as good but another one, and figures are
comparable only between equal digests.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from garment_uv.body import load_body
from garment_uv.classes import GARMENT_CLASSES
from garment_uv.datasets.cloth3d.info import read_info
from garment_uv.datasets.cloth3d.sequence import find_sequences
from garment_uv.datasets.open.synthesize import synthesize
from garment_uv.errors import UserError
from garment_uv.samples.config import PrepareOptions
from garment_uv.samples.manifest import MANIFEST_KEY, Manifest
from garment_uv.samples.prepare import prepare
from garment_uv.samples.sink import FolderSink

NAME = "open192"
SPLITS: Mapping[str, float] = {"train": 120, "val": 36, "test": 36}
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

Progress = Callable[[str], Callable[[int, int], None]]
"""Given what begins ('synthesize', ...), a function of (done, total)."""


@dataclass(frozen=True)
class Made:
    """One size of the set, as it lies in its folder."""

    folder: Path
    digest: str
    """Of the manifest: the dataset's version."""
    samples: str
    """`Manifest.samples_digest`."""
    recorded: bool
    """Whether these are the samples that the project's figures were made on."""

    @property
    def name(self) -> str:
        """The set's name with the beginning of its digest."""
        return f"{NAME}-{self.samples[:8]}"


def make_benchmark(
    out: Path | str, sizes: tuple[str, ...] = (), workers: int = 1, progress: Progress | None = None
) -> list[Made]:
    """Make `<out>/raw` and one dataset `<out>/<size>` for each of `sizes` (default: all); what is there is kept.

    UserError for an unknown size, for another raw set in `out`, and for a set that is not as it should be: a
    sequence left out, a class missing from a split, or a subject or outfit of one split in another.
    """
    sizes = sizes or tuple(SIZES)
    unknown = [size for size in sizes if size not in SIZES]
    if unknown:
        raise UserError(f"the benchmark set has the sizes {', '.join(SIZES)}, was asked for {unknown[0]}")
    out = Path(out)
    report = progress or (lambda what: lambda done, total: None)
    raw = out / "raw"
    total = sum(int(count) for count in SPLITS.values())
    synthesize(raw, total, FRAMES, SEED, SPLITS, "frames", report("synthesize"), workers)
    check_held_out(raw)
    made = []
    for size in sizes:
        folder = out / size
        if not (folder / MANIFEST_KEY).exists():
            prepare(raw, FolderSink(folder), load_body("anny"), SIZES[size], workers, report(f"prepare {size}"))
        manifest = Manifest.load(folder / MANIFEST_KEY)
        check_complete(manifest, SPLITS)
        samples = manifest.samples_digest()
        made.append(Made(folder, manifest.digest(), samples, samples == RECORDED[size]))
    return made


def check_held_out(raw: Path | str) -> None:
    """UserError where two splits below `raw` share a subject, by gender and shape, or an outfit.

    An outfit is known by its two tightness numbers, which every outfit draws anew, and each garment by its rest mesh.
    """
    owners: dict[tuple[str, Hashable], tuple[str, Path]] = {}
    for split, folder in find_sequences(raw):
        info = read_info(folder / "info.mat")
        marks: list[tuple[str, Hashable]] = [("subject", (int(info.gender), info.shape.round(6).tobytes()))]
        marks.append(("outfit", info.tightness.round(6).tobytes()))
        marks += [("outfit", (name, sha256((folder / f"{name}.obj").read_bytes()).digest())) for name in info.outfit]
        for what, mark in marks:
            other_split, other = owners.setdefault((what, mark), (split, folder))
            if other_split != split:
                raise UserError(f"{folder} and {other} have the same {what}, but splits must share none")


def check_complete(manifest: Manifest, splits: Mapping[str, float]) -> None:
    """UserError unless every sequence is in, and every split has all classes and outfits of two pieces."""
    if manifest.left_out:
        first = manifest.left_out[0]
        raise UserError(f"the benchmark set is incomplete: {first.split}/{first.sequence} is left out, {first.reason}")
    for split, count in splits.items():
        mine = [entry for entry in manifest.sequences if entry.split == split]
        missing = set(GARMENT_CLASSES) - {name for entry in mine for name in entry.garments}
        if len(mine) != count or missing or not any(len(entry.garments) == 2 for entry in mine):
            raise UserError(
                f"the benchmark set's split {split} has {len(mine)} of {int(count)} sequences"
                + (f" and lacks {', '.join(sorted(missing))}" if missing else "")
            )
