"""Where datasets are read from: the protocol, a plain folder, what its shards cost, one pass over a split's samples."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np

from garment_uv.errors import UserError
from garment_uv.files import file_digest
from garment_uv.samples.codec import SampleFormat, decode_sample
from garment_uv.samples.manifest import MANIFEST_KEY, Manifest, ShardEntry
from garment_uv.samples.sample import Sample
from garment_uv.samples.shards import ShardSample, index_shard
from garment_uv.uv.atlas import Atlas


@dataclass
class ShardUse:
    """Counts of one process, or of several added up."""

    opened: int = 0
    """Files of the dataset that were opened."""
    fetched: int = 0
    """Those among them that this process had to download first; one that another process downloads is waited for."""
    wait_s: float = 0.0
    """Seconds until they were open, whoever downloaded and checked them."""

    def add(self, other: "ShardUse") -> None:
        """Counts what `other` counted too."""
        self.opened += other.opened
        self.fetched += other.fetched
        self.wait_s += other.wait_s

    def take(self) -> "ShardUse":
        """What was counted since the last time, and begins anew."""
        taken = replace(self)
        self.add(ShardUse(-self.opened, -self.fetched, -self.wait_s))
        return taken


class DatasetSource(Protocol):
    """A dataset that can be read. Sources are small and can be sent to another process, where they count anew."""

    use: ShardUse
    """Of this process; a loader adds what its own processes count."""

    @property
    def uri(self) -> str:
        """The folder or s3:// URI, as the user gave it."""

    @property
    def manifest(self) -> Manifest:
        """Read once; UserError when it is missing or corrupt."""

    def atlas(self) -> Atlas:
        """The dataset's own UV atlas; UserError when its bytes are not the manifest's."""

    def shard_path(self, entry: ShardEntry) -> Path:
        """A local file with the shard's verified bytes; UserError when they are not the manifest's."""

    def open_shard(self, entry: ShardEntry) -> AbstractContextManager[Path]:
        """`shard_path` that stays in place, in any cache, until the context ends."""


class FolderSource:
    """A dataset in a folder. Each shard's sha256 is checked once, its size at every opening."""

    def __init__(self, folder: str | Path) -> None:
        self.uri = str(folder)
        self._folder = Path(folder)
        self._checked: set[str] = set()
        self.use = ShardUse()

    def __getstate__(self) -> dict:
        return {**self.__dict__, "use": ShardUse()}

    @cached_property
    def manifest(self) -> Manifest:
        return Manifest.load(self._folder / MANIFEST_KEY)

    def atlas(self) -> Atlas:
        entry = self.manifest.atlas
        path = self._folder / entry.key
        check_file(path, entry.bytes, entry.sha256, self.uri)
        return read_atlas(path, entry.atlas_digest)

    def shard_path(self, entry: ShardEntry) -> Path:
        path = self._folder / entry.key
        if entry.key not in self._checked or not path.is_file() or path.stat().st_size != entry.bytes:
            check_file(path, entry.bytes, entry.sha256, self.uri)
            self._checked.add(entry.key)
        return path

    @contextmanager
    def open_shard(self, entry: ShardEntry) -> Iterator[Path]:
        began = time.monotonic()
        path = self.shard_path(entry)
        self.use.add(ShardUse(opened=1, wait_s=time.monotonic() - began))
        yield path


def check_file(path: Path, size: int, sha256: str, uri: str) -> None:
    """UserError, naming the file, unless it has these bytes."""
    try:
        found_size, found = file_digest(path)
    except OSError as error:
        raise UserError(
            f"dataset {uri}: cannot read {path}: {error.strerror}; run `garment data verify {uri}`"
        ) from None
    if found_size != size:
        raise UserError(
            f"dataset {uri}: {path} has {found_size} bytes, its manifest says {size}; "
            f"run `garment data verify {uri}` and fetch or prepare the dataset again"
        )
    if found != sha256:
        raise UserError(
            f"dataset {uri}: {path} is corrupt: sha256 {found[:12]}.., its manifest says {sha256[:12]}..; "
            f"run `garment data verify {uri}` and fetch or prepare the dataset again"
        )


def read_atlas(path: Path, digest: str) -> Atlas:
    """The atlas file whose bytes were checked; UserError when it was made by another version of the atlas."""
    atlas = Atlas.load(path)
    if atlas.digest != digest:
        raise UserError(
            f"{path} holds atlas {atlas.digest}, the manifest says {digest}; "
            "prepare the dataset again with this version"
        )
    return atlas


def sample_format(manifest: Manifest) -> SampleFormat:
    """What the manifest fixes about every sample."""
    return SampleFormat(
        map_size=manifest.atlas.size,
        image_size=manifest.image_size,
        num_vertices=manifest.atlas.num_vertices,
        displacement_limit_m=manifest.displacement_limit_m,
        body_limit_m=manifest.body_limit_m,
        image_format=manifest.image_format,
        labels=manifest.labels,
    )


def checked_index(path: Path, entry: ShardEntry) -> list[ShardSample]:
    """The shard's samples; UserError when they are not as many as the manifest says."""
    index = index_shard(path)
    if len(index) != entry.samples:
        raise UserError(
            f"shard {entry.key} holds {len(index)} samples, its manifest says {entry.samples}; "
            "check the dataset with `garment data verify`"
        )
    return index


def sample_positions(source: DatasetSource, split: str, max_samples: int = 0) -> np.ndarray:
    """Positions [N] of a split's samples in stored order; with `max_samples` > 0 at most so many, evenly spaced."""
    return evenly_spaced(sum(entry.samples for entry in source.manifest.split_shards(split)), max_samples)


def evenly_spaced(total: int, most: int = 0) -> np.ndarray:
    """Of positions 0 to `total` - 1 all [total], or with `most` > 0 at most so many, evenly spaced."""
    if 0 < most < total:
        return np.linspace(0, total - 1, most).round().astype(int)
    return np.arange(total)


def iterate_samples(
    source: DatasetSource, split: str, max_samples: int = 0, positions: np.ndarray | None = None
) -> Iterator[Sample]:
    """Samples of a split in stored order, one decoded at a time.

    `max_samples` > 0 takes at most so many, evenly spaced over the split, `positions` those; the rest is not decoded.
    """
    form = sample_format(source.manifest)
    entries = source.manifest.split_shards(split)
    wanted = sample_positions(source, split, max_samples) if positions is None else positions
    first = 0
    for entry in entries:
        inside = wanted[(wanted >= first) & (wanted < first + entry.samples)] - first
        first += entry.samples
        if not len(inside):
            continue
        with source.open_shard(entry) as path, open(path, "rb") as file:
            index = checked_index(path, entry)
            for position in inside:
                sample = index[position]
                yield decode_sample(sample.key, sample.read(file), form)
