"""What a set must be: whole, and without a subject or an outfit that two of its splits share."""

from collections.abc import Hashable, Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from garment_uv.classes import GARMENT_CLASSES
from garment_uv.datasets.cloth3d.info import read_info
from garment_uv.datasets.cloth3d.sequence import find_sequences
from garment_uv.errors import UserError
from garment_uv.samples.manifest import Manifest


def check_raw_held_out(raw: Path | str) -> None:
    """UserError where two splits below `raw` share a subject, by gender and shape, or an outfit.

    An outfit is known by its two tightness numbers, which every outfit draws anew, and each garment by its rest mesh.
    """
    _check_shared(
        (split, str(folder), mark) for split, folder in find_sequences(raw) for mark in _marks_of_files(folder)
    )


def check_held_out(manifest: Manifest) -> None:
    """UserError where two splits share a mark that a sequence is known by, or where a sequence has none."""
    for entry in manifest.sequences:
        if not entry.known_by:
            raise UserError(f"{entry.split}/{entry.sequence} does not say whose it is: prepare the set again")
    _check_shared(
        (entry.split, f"{entry.split}/{entry.sequence}", (mark.partition(" ")[0], mark))
        for entry in manifest.sequences
        for mark in entry.known_by
    )


def check_complete(manifest: Manifest, splits: Mapping[str, int]) -> None:
    """UserError unless each split has so many sequences or more, all classes and outfits of two pieces."""
    for split, count in splits.items():
        mine = [entry for entry in manifest.sequences if entry.split == split]
        missing = set(GARMENT_CLASSES) - {name for entry in mine for name in entry.garments}
        if len(mine) < count or missing or not any(len(entry.garments) == 2 for entry in mine):
            first = next((gone for gone in manifest.left_out if gone.split == split), None)
            raise UserError(
                f"the set's split {split} has {len(mine)} of {count} sequences"
                + (f" and lacks {', '.join(sorted(missing))}" if missing else "")
                + (f"; left out is {first.split}/{first.sequence}, {first.reason}" if first else "")
            )


def _marks_of_files(folder: Path) -> list[tuple[str, Hashable]]:
    """What a raw sequence's subject and outfit are known by, each with its kind."""
    info = read_info(folder / "info.mat")
    meshes = {name: sha256((folder / f"{name}.obj").read_bytes()).digest() for name in info.outfit}
    return [
        ("subject", (int(info.gender), info.shape.round(6).tobytes())),
        ("outfit", info.tightness.round(6).tobytes()),
        *(("outfit", mark) for mark in meshes.items()),
    ]


def _check_shared(found: Iterable[tuple[str, str, tuple[str, Hashable]]]) -> None:
    """`found` is split, place and mark of each."""
    owners: dict[tuple[str, Hashable], tuple[str, str]] = {}
    for split, place, mark in found:
        other_split, other = owners.setdefault(mark, (split, place))
        if other_split != split:
            raise UserError(f"{place} and {other} have the same {mark[0]}, but splits must share none")
