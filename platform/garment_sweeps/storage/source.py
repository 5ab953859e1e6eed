"""Reading datasets by URI: a folder as it is, S3 through the node's cache."""

import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path

from garment_sweeps.settings.environment import cache_folder
from garment_sweeps.storage.cache import NodeCache
from garment_sweeps.storage.s3 import S3Store
from garment_sweeps.storage.s3_errors import Damaged, Missing
from garment_sweeps.storage.store import FolderStore
from garment_sweeps.storage.uri import S3Location, parse_uri
from garment_uv.errors import UserError
from garment_uv.samples.manifest import MANIFEST_KEY, Manifest, ShardEntry
from garment_uv.samples.source import DatasetSource, FolderSource, ShardUse, read_atlas
from garment_uv.uv.atlas import Atlas

DEFAULT_CACHE_GB = 50.0
"""Bytes that the node's cache may take, in units of 1e9, unless GARMENT_CACHE_GB says otherwise."""


def open_source(uri: str, cache: NodeCache | None = None) -> DatasetSource:
    """The dataset at a folder or s3:// URI, its manifest read and checked.

    Shards in S3 come through `cache`, or the node's own: see `default_cache`. UserError when the URI, the
    credentials, the network or the manifest is not in order.
    """
    place = parse_uri(uri)
    source = S3Source(uri, place, cache or default_cache()) if isinstance(place, S3Location) else FolderSource(place)
    _ = source.manifest
    return source


def default_cache() -> NodeCache:
    """The node's cache: in GARMENT_CACHE_DIR, else in the garment home; of GARMENT_CACHE_GB, else 50."""
    text = os.environ.get("GARMENT_CACHE_GB", "") or str(DEFAULT_CACHE_GB)
    try:
        gigabytes = float(text)
    except ValueError:
        gigabytes = 0.0
    if not 0 < gigabytes < 1e9:
        raise UserError(f"GARMENT_CACHE_GB is {text!r}; give a number of gigabytes above 0, for example 50")
    return NodeCache(cache_folder(), int(gigabytes * 1e9))


class S3Source:
    """A dataset below an S3 prefix. It can be sent to other processes, which share the node's cache."""

    def __init__(self, uri: str, location: S3Location, cache: NodeCache) -> None:
        self.uri = uri
        self._store = S3Store(location)
        self._cache = cache
        self.use = ShardUse()

    def __getstate__(self) -> dict:
        return {**self.__dict__, "use": ShardUse()}

    @cached_property
    def manifest(self) -> Manifest:
        return read_manifest(self._store)

    def atlas(self) -> Atlas:
        entry = self.manifest.atlas
        with self._open(entry.key, entry.sha256, entry.bytes) as path:
            return read_atlas(path, entry.atlas_digest)

    def shard_path(self, entry: ShardEntry) -> Path:
        with self.open_shard(entry) as path:
            return path

    def open_shard(self, entry: ShardEntry) -> AbstractContextManager[Path]:
        return self._open(entry.key, entry.sha256, entry.bytes)

    @contextmanager
    def _open(self, key: str, sha256: str, size: int) -> Iterator[Path]:
        use, began = ShardUse(opened=1), time.monotonic()

        def fetch(path: Path) -> tuple[int, str]:
            use.fetched = 1
            try:
                return self._store.download_large(key, path, size)
            except Missing:
                raise UserError(
                    f"dataset {self.uri}: its manifest lists {key}, which is not there; "
                    f"run `garment data verify {self.uri}` and prepare or copy the dataset again"
                ) from None

        with self._cache.open(f"{self.uri}/{key}", sha256, size, fetch) as path:
            use.wait_s = time.monotonic() - began
            self.use.add(use)
            yield path


def read_manifest(store: S3Store | FolderStore) -> Manifest:
    """The manifest of the dataset there; UserError when there is none or it is corrupt."""
    if isinstance(store, FolderStore):
        return Manifest.load(store.location / MANIFEST_KEY)
    try:
        data = store.read(MANIFEST_KEY)
    except Missing:
        raise UserError(
            f"no dataset at {store.location}: {MANIFEST_KEY} is missing; give the URI that "
            "`garment data prepare --out` wrote to"
        ) from None
    except Damaged:
        raise UserError(
            f"no dataset at {store.location}: its {MANIFEST_KEY} was damaged when it was written; write it again"
        ) from None
    return Manifest.from_bytes(data, f"{store.location}/{MANIFEST_KEY}")
