"""What all sets share: what may be asked, what is given back, and sequences in memory prepared at several sizes."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from garment_uv.body import load_body
from garment_uv.config import Config
from garment_uv.datasets.raw import RawSource
from garment_uv.errors import UserError
from garment_uv.samples.config import PrepareOptions
from garment_uv.samples.manifest import MANIFEST_KEY, Manifest
from garment_uv.samples.prepare import Order, prepare_together
from garment_uv.samples.sink import FolderSink
from garment_uv.samples.staging import STAGING

Progress = Callable[[str], Callable[[int, int], None]]
"""Given what begins ('synthesize', ...), a function of (done, total)."""


class SetOptions(Config):
    """What is made of a set, and how."""

    sizes: tuple[str, ...] = ()
    """Texels along a side; all that the set has where none is named."""
    share: float = Field(default=1.0, gt=0, le=1)
    """Of the sequences of each split, to try it with; at least one. Its digest is then no recorded one."""
    workers: int = Field(default=1, ge=1)
    """Processes."""
    keep_raw: bool = False
    """Whether the raw sequences are written too, as CLOTH3D's layout has them, to `<out>/raw`."""
    clothes: Path | None = None
    """For `artist`: the folder of clothes."""


@dataclass(frozen=True)
class Made:
    """One size of a set, as it lies in its folder."""

    folder: Path
    set_name: str
    digest: str
    """Of the manifest: the dataset's version."""
    samples: str
    """`Manifest.samples_digest`."""
    recorded: str
    """The samples' digest that the project's figures were made on; empty where there is none to compare with."""

    @property
    def is_recorded(self) -> bool:
        """Whether these are the samples of the project's figures."""
        return self.samples == self.recorded

    @property
    def name(self) -> str:
        """The set's name with the beginning of its digest."""
        return f"{self.set_name}-{self.samples[:8]}"


def chosen_sizes(name: str, known: Mapping[str, PrepareOptions], options: SetOptions) -> tuple[str, ...]:
    """The sizes that are asked for; UserError for one that the set does not have."""
    for size in options.sizes:
        if size not in known:
            raise UserError(f"the set {name} has the sizes {', '.join(known)}, was asked for {size}")
    return options.sizes or tuple(known)


def share_of(counts: Mapping[str, int], share: float) -> dict[str, int]:
    """Sequences of each split when only a share of a set is made."""
    return {split: max(1, math.ceil(count * share - 1e-9)) for split, count in counts.items()}


def made_of(folder: Path, set_name: str, recorded: str) -> tuple[Made, Manifest]:
    """What lies in a dataset's folder."""
    manifest = Manifest.load(folder / MANIFEST_KEY)
    return Made(folder, set_name, manifest.digest(), manifest.samples_digest(), recorded), manifest


def prepare_sizes(
    raw: RawSource, out: Path, sizes: Mapping[str, PrepareOptions], workers: int, progress: Callable[[int, int], None]
) -> None:
    """`<out>/<size>` for each size that is not whole there, in one pass over the sequences.

    UserError where what is there was made of other sequences.
    """
    wanted = {(item.split, item.name) for item in raw.sequences()}
    orders = []
    for size, of in sizes.items():
        folder = out / size
        if (folder / MANIFEST_KEY).exists():
            manifest = Manifest.load(folder / MANIFEST_KEY)
            there = {(entry.split, entry.sequence) for entry in manifest.sequences}
            if there | {(gone.split, gone.sequence) for gone in manifest.left_out} != wanted:
                raise UserError(f"{folder} holds other sequences than were asked for; choose another folder")
        if not (folder / MANIFEST_KEY).exists() or (folder / STAGING).exists():
            orders.append(Order(FolderSink(folder), of))
    if orders:
        prepare_together(raw, orders, load_body("anny"), workers, progress)
