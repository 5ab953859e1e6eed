"""Writing datasets by URI: a folder that appears at once, or S3 with the manifest last."""

import re
import tempfile
from pathlib import Path

from garment_sweeps.shards.s3 import S3Store
from garment_sweeps.shards.uri import S3Location, parse_uri
from garment_uv.errors import UserError
from garment_uv.samples.manifest import ATLAS_KEY, MANIFEST_KEY, Manifest
from garment_uv.samples.sink import DatasetSink, FolderSink

_OURS = re.compile(
    r"^([A-Za-z0-9_]+/shard-\d{6}\.tar|" + re.escape(ATLAS_KEY) + r"|" + re.escape(MANIFEST_KEY) + r")\Z"
)


def open_sink(uri: str, overwrite: bool = False) -> DatasetSink:
    """A place for a new dataset at a folder or s3:// URI; `overwrite` lets it replace a dataset there."""
    place = parse_uri(uri)
    return (
        S3Sink(uri, S3Store(place), overwrite)
        if isinstance(place, S3Location)
        else FolderSink(place, overwrite)
    )


class S3Sink:
    """Writes each file to its place, verified, and the manifest last: without one, a prefix is no dataset.

    What a killed writer left, shards without a manifest, is removed by the next one. With `overwrite` a
    dataset there is taken away before the new one is written, its manifest first: nobody reads a mixture.
    """

    def __init__(self, uri: str, store: S3Store, overwrite: bool = False) -> None:
        self.uri = uri
        self._store = store
        self._overwrite = overwrite
        self._put: list[str] = []

    def begin(self) -> None:
        names = list(self._store.names())
        if MANIFEST_KEY in names and not self._overwrite:
            raise UserError(f"{self.uri} holds a dataset already; give --out another prefix or remove it")
        foreign = [name for name in names if not _OURS.match(name)]
        if foreign:
            raise UserError(f"{self.uri} is not empty: it holds {foreign[0]}; give --out another prefix")
        for name in sorted(names, key=lambda name: name != MANIFEST_KEY):
            self._store.delete(name)

    def put(self, key: str, path: Path) -> None:
        self._put.append(key)
        self._store.upload(key, path)

    def publish(self, manifest: Manifest) -> None:
        with tempfile.TemporaryDirectory(prefix="garment-") as folder:
            path = Path(folder) / MANIFEST_KEY
            path.write_bytes(manifest.to_bytes())
            self._store.upload(MANIFEST_KEY, path, only_if_new=True)
        self._put.clear()

    def abort(self) -> None:
        while self._put:
            try:
                self._store.delete(self._put.pop())
            except UserError:
                return
