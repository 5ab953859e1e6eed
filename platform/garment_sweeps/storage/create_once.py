"""A small file in a sweep's storage on which machines agree: the first to write it decides, all others read that."""

import os
import tempfile
import time
from pathlib import Path

from garment_sweeps.storage.s3 import S3Store
from garment_sweeps.storage.s3_connection import S3Connection
from garment_sweeps.storage.s3_errors import Missing
from garment_sweeps.storage.uri import parse_uri
from garment_uv.errors import UserError

SETTLE_S = 0.5
"""Seconds after which who wrote to S3 looks again: a write that overlapped with this one has ended by then."""


def create_once(storage_uri: str, endpoint: str, name: str, content: bytes) -> bytes:
    """Writes `content` as `name` below the storage if nothing is there; returns what is there afterwards.

    Whoever gets its own content back was the first. In a folder that is decided by a hard link to the whole file, in
    S3 by a conditional write, whose lost answer is not taken for another's write. A server that does not know
    If-None-Match, or that looks before it stores and not while it does (Swift), lets the later of two overlapping
    writes stay: there the look after `SETTLE_S` seconds decides.

    Args:
        storage_uri: a folder, or s3://bucket/prefix; credentials come from boto3's chain.
        endpoint: S3 endpoint URL; empty for that of boto3's chain.
        name: a relative path of one part or more.

    Raises:
        Unreachable: S3 does not answer, perhaps for a moment only.
        UserError: the storage refuses the write.
    """
    while True:
        if _place(storage_uri, endpoint).create(name, content):
            return content
        stored = read_or_none(storage_uri, endpoint, name)
        if stored is not None:
            return stored


def read_or_none(storage_uri: str, endpoint: str, name: str) -> bytes | None:
    """What is there; None where nothing is. Errors are those of `create_once`."""
    return _place(storage_uri, endpoint).read(name)


def replace(storage_uri: str, endpoint: str, name: str, content: bytes) -> None:
    """Writes `content` in place of whatever is there. Errors are those of `create_once`."""
    _place(storage_uri, endpoint).replace(name, content)


def remove(storage_uri: str, endpoint: str, name: str) -> None:
    """Removes the file; one that is not there is no error. Errors are those of `create_once`."""
    _place(storage_uri, endpoint).remove(name)


def _place(storage_uri: str, endpoint: str) -> "_Folder | _Prefix":
    place = parse_uri(storage_uri)
    return _Folder(place) if isinstance(place, Path) else _Prefix(S3Store(place, S3Connection(endpoint)))


class _Folder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self, name: str, content: bytes) -> bool:
        target = self._folder / name
        try:
            partial = _partial(target, content)
            try:
                os.link(partial, target)
            except FileExistsError:
                return False
            finally:
                partial.unlink()
        except OSError as error:
            raise _refused(target, error) from None
        return True

    def read(self, name: str) -> bytes | None:
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UserError(f"cannot read {self._folder / name}: {error.strerror}") from None

    def replace(self, name: str, content: bytes) -> None:
        target = self._folder / name
        try:
            os.replace(_partial(target, content), target)
        except OSError as error:
            raise _refused(target, error) from None

    def remove(self, name: str) -> None:
        try:
            (self._folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise _refused(self._folder / name, error) from None


class _Prefix:
    def __init__(self, store: S3Store) -> None:
        self._store = store

    def create(self, name: str, content: bytes) -> bool:
        if not self._store.create(name, content):
            return False
        time.sleep(SETTLE_S)
        return self.read(name) == content

    def read(self, name: str) -> bytes | None:
        try:
            return self._store.read(name)
        except Missing:
            return None

    def replace(self, name: str, content: bytes) -> None:
        self._store.put(name, content)

    def remove(self, name: str) -> None:
        self._store.delete(name)


def _partial(target: Path, content: bytes) -> Path:
    """A whole file of another name beside the target, on its disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, path = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.chmod(path, 0o644)
    return Path(path)


def _refused(target: Path, error: OSError) -> UserError:
    mend = "make room or give rights there, or name another storage"
    return UserError(f"cannot write {target}: {error.strerror}; {mend}")
