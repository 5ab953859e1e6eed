"""Writing datasets by URI: a folder that appears at once, or S3 with the manifest last."""

import re
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from garment_sweeps.storage.s3 import S3Store
from garment_sweeps.storage.s3_errors import Damaged, Missing
from garment_sweeps.storage.source import read_manifest
from garment_sweeps.storage.uri import S3Location, parse_uri
from garment_uv.errors import UserError
from garment_uv.samples.manifest import ATLAS_KEY, MANIFEST_KEY, Manifest
from garment_uv.samples.sink import DatasetSink, FolderSink
from garment_uv.samples.staging import PLAN, STAGING, clear, holds

_THREADS = 16
"""Requests at once for many small files."""
_OURS = re.compile(
    r"^([A-Za-z0-9_]+/shard-\d{6}\.tar|"
    + r"|".join(re.escape(name) for name in (ATLAS_KEY, MANIFEST_KEY))
    + rf"|{re.escape(STAGING)}/.+)\Z"
)


def open_sink(uri: str, overwrite: bool = False) -> DatasetSink:
    """A place for a new dataset at a folder or s3:// URI; `overwrite` lets it replace a dataset there."""
    place = parse_uri(uri)
    return S3Sink(uri, S3Store(place), overwrite) if isinstance(place, S3Location) else FolderSink(place, overwrite)


class S3Sink:
    """Writes each file to its place, verified, and the manifest last: without one, a prefix is no dataset.

    What a killed writer left, shards without a manifest, is gone on with by the next one of the same plan and removed
    by any other. With `overwrite` a dataset there is taken away before the new one is written, its manifest first:
    nobody reads a mixture.
    """

    def __init__(self, uri: str, store: S3Store, overwrite: bool = False) -> None:
        self.uri = uri
        self._store = store
        self._overwrite = overwrite
        self._begun = False

    @property
    def staging(self) -> "S3Staging":
        return S3Staging(self._store)

    def begin(self, plan: bytes | None = None) -> Manifest | None:
        names = self._names()
        same = plan is not None and f"{STAGING}/{PLAN}" in names and holds(self.staging, plan)
        if same and MANIFEST_KEY in names:
            manifest = read_manifest(self._store)
            self._remove_unlisted(manifest)
            return manifest
        if MANIFEST_KEY in names and not self._overwrite:
            raise UserError(f"{self.uri} holds a dataset already; give --out another prefix or remove it")
        foreign = [name for name in names if not _OURS.match(name)]
        if foreign:
            raise UserError(f"{self.uri} is not empty: it holds {foreign[0]}; give --out another prefix")
        if not same:
            for name in sorted(names, key=lambda name: name != MANIFEST_KEY):
                self._store.delete(name)
        if plan is not None and not same:
            self.staging.write(PLAN, plan)
        self._begun = True
        return None

    def put(self, key: str, path: Path) -> None:
        self._store.upload(key, path)

    def publish(self, manifest: Manifest) -> None:
        if not self._store.create(MANIFEST_KEY, manifest.to_bytes()):
            raise UserError(f"another process wrote a dataset to {self.uri} meanwhile; give --out another prefix")
        self.release()
        self._remove_unlisted(manifest)

    def release(self) -> None:
        self._begun = False

    def abort(self) -> None:
        if not self._begun:
            return
        self.release()
        try:
            names = self._names()
            for name in names if MANIFEST_KEY not in names else ():  # else another writer's, meanwhile
                self._store.delete(name)
        except UserError:
            return

    def _names(self) -> list[str]:
        """All that is there, once a manifest that was damaged when it was written, and so is none, is removed."""
        names = list(self._store.names())
        if MANIFEST_KEY in names:
            try:
                self._store.read(MANIFEST_KEY)
            except Damaged:
                self._store.delete(MANIFEST_KEY)
                names.remove(MANIFEST_KEY)
            except Missing:
                names.remove(MANIFEST_KEY)
        return names

    def _remove_unlisted(self, manifest: Manifest) -> None:
        """Removes what an earlier writer left that this dataset does not have, and the staging, its plan last."""
        listed = {shard.key for shard in manifest.shards} | {manifest.atlas.key, MANIFEST_KEY}
        left = [name for name in self._store.names() if name not in listed]
        for name in left:
            if not name.startswith(f"{STAGING}/"):
                self._store.delete(name)
        clear(self.staging, [name.removeprefix(f"{STAGING}/") for name in left if name.startswith(f"{STAGING}/")])


class S3Staging:
    """What a dataset in S3 is made of before it is one, below its own prefix.

    Parts are not read back when they are written: who joins them checks every sample. A small file that is damaged
    counts as not there, so that it is made again.
    """

    def __init__(self, dataset: S3Store) -> None:
        self._store = dataset.below(STAGING)

    def names(self) -> list[str]:
        return list(self._store.names())

    def put(self, name: str, path: Path) -> None:
        self._store.upload(name, path, read_back=False)

    def write(self, name: str, data: bytes) -> None:
        self._store.put(name, data)

    def read_many(self, names: list[str]) -> list[bytes | None]:
        return self._each(self._read, names)

    def delete(self, names: list[str]) -> None:
        self._each(self._store.delete, names)

    def scratch(self) -> Path | None:
        return None

    @contextmanager
    def open(self, name: str, offset: int, length: int) -> Iterator[BinaryIO]:
        with tempfile.NamedTemporaryFile(prefix="garment-slice-") as file:
            try:
                self._store.download(name, Path(file.name), (offset, length))
            except Missing as error:
                raise FileNotFoundError(str(error)) from None
            with open(file.name, "rb") as reader:
                yield reader

    def _read(self, name: str) -> bytes | None:
        try:
            return self._store.read(name)
        except (Missing, Damaged):
            return None

    def _each(self, call: Callable[[str], Any], names: list[str]) -> list[Any]:
        if len(names) < 2:
            return [call(name) for name in names]
        self._store.connect()
        with ThreadPoolExecutor(_THREADS) as threads:
            return list(threads.map(call, names))
