"""What a dataset in S3 is made of before it is one, below its own prefix."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from garment_sweeps.storage.s3 import S3Store
from garment_sweeps.storage.s3_errors import Damaged, Missing
from garment_uv.samples.staging import STAGING

_THREADS = 16
"""Requests at once for many small files."""


class S3Staging:
    """Staging in S3. Parts are not read back when they are written: who joins them checks every sample.

    A small file that is damaged counts as not there, so that it is made again.
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

    def _each(self, call, names: list[str]) -> list:
        if len(names) < 2:
            return [call(name) for name in names]
        self._store.connect()
        with ThreadPoolExecutor(_THREADS) as threads:
            return list(threads.map(call, names))
