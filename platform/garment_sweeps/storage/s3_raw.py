"""Raw sequences below an S3 prefix, `<split>/<5-digit id>/<file>`, fetched one sequence at a time."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from garment_sweeps.storage.s3 import S3Store
from garment_sweeps.storage.s3_errors import Missing
from garment_sweeps.storage.uri import S3Location, parse_uri
from garment_uv.datasets.raw import (
    AtHand,
    FolderRaw,
    RawChanged,
    RawSequence,
    RawSource,
    fingerprint_of,
    folder_at_hand,
)
from garment_uv.errors import UserError

_FILE = re.compile(r"^([^/]+)/(\d{5})/([^/]+)\Z")


def open_raw(uri: str) -> RawSource:
    """The raw sequences at a folder or s3:// URI; UserError for another URI."""
    place = parse_uri(uri)
    return S3Raw(uri, S3Store(place)) if isinstance(place, S3Location) else FolderRaw(place)


class S3Raw:
    """Sequences in S3. All are listed once, a thousand files a request; each is fetched by whoever encodes it."""

    def __init__(self, uri: str, store: S3Store) -> None:
        self.uri = uri.rstrip("/")
        self._store = store

    def sequences(self) -> list[RawSequence]:
        files: dict[tuple[str, str], list[tuple[str, int, str]]] = {}
        for name, size, tag in self._store.listing():
            if found := _FILE.match(name):
                files.setdefault((found[1], found[2]), []).append((found[3], size, tag))
        if not files:
            raise UserError(f"{self.uri}: holds no sequence; give a prefix laid out as <split>/<5-digit id>/info.mat")
        return [RawSequence(*place, fingerprint_of(files[place])) for place in sorted(files)]

    def shown(self, item: RawSequence) -> str:
        return f"{self.uri}/{item.split}/{item.name}"

    @contextmanager
    def open(self, item: RawSequence) -> Iterator[AtHand]:
        store = self._store.below(f"{item.split}/{item.name}")
        files = list(store.listing())
        if fingerprint_of(files) != item.fingerprint:
            raise RawChanged(f"{self.shown(item)} changed while it was being prepared; run the command again")
        with tempfile.TemporaryDirectory(prefix="garment-raw-") as scratch:
            folder = Path(scratch) / item.name
            folder.mkdir()
            for name, size, _ in files:
                self._fetch(store, item, name, size, folder / name)
            yield folder_at_hand(folder)

    def _fetch(self, store: S3Store, item: RawSequence, name: str, size: int, path: Path) -> None:
        try:
            store.download(name, path)
        except Missing:
            raise RawChanged(f"{self.shown(item)}/{name} is gone; run the command again") from None
        if path.stat().st_size != size:
            raise RawChanged(f"{self.shown(item)}/{name} changed while it was read; run the command again")
