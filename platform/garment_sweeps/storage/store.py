"""Small files below a folder, as `S3Store` has them below a prefix; and one on which machines agree."""

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from garment_sweeps.storage.s3 import S3Store
from garment_sweeps.storage.s3_connection import S3Connection
from garment_sweeps.storage.s3_errors import Missing
from garment_sweeps.storage.uri import parse_uri
from garment_uv.errors import UserError
from garment_uv.files import file_digest
from garment_uv.outputs import write_file

SETTLE_S = 0.5
"""Seconds after which who wrote to S3 looks again: a write that overlapped with this one has ended by then."""
_ABSENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


def open_store(uri: str, endpoint: str = "") -> "FolderStore | S3Store":
    """What lies at a folder or s3:// URI; credentials come from boto3's chain, and so does an empty `endpoint`."""
    place = parse_uri(uri)
    return FolderStore(place) if isinstance(place, Path) else S3Store(place, S3Connection(endpoint))


def create_once(storage_uri: str, endpoint: str, name: str, content: bytes) -> bytes:
    """Writes `content` as `name` below the storage if nothing is there; returns what is there afterwards.

    Whoever gets its own content back was the first. In a folder that is decided by a hard link to the whole file, in
    S3 by a conditional write, whose lost answer is not taken for another's write. A server that does not know
    If-None-Match, or that looks before it stores and not while it does (Swift), lets the later of two overlapping
    writes stay: there the look after `SETTLE_S` seconds decides.

    Raises:
        Unreachable: S3 does not answer, perhaps for a moment only.
        UserError: the storage refuses the write.
    """
    store = open_store(storage_uri, endpoint)
    while True:
        if store.create(name, content) and isinstance(store, S3Store):
            time.sleep(SETTLE_S)
        with suppress(Missing):
            return store.read(name)


class FolderStore:
    """Files below one folder; methods and errors are those of `S3Store`."""

    def __init__(self, location: Path) -> None:
        self.location = location

    def create(self, name: str, data: bytes) -> bool:
        """Stores a few bytes where nothing is: whether it was this call that did. A hard link to the whole decides."""
        target = self.location / name
        whole = target.with_name(f".{target.name}.{secrets.token_hex(4)}.whole")
        try:
            write_file(whole, data)
            try:
                os.link(whole, target)
            finally:
                whole.unlink()
        except FileExistsError:
            return False
        except OSError as error:
            mend = "make room or give rights there, or name another storage"
            raise UserError(f"cannot write {target}: {error.strerror}; {mend}") from None
        return True

    def read(self, name: str) -> bytes:
        """A file's bytes; raises Missing."""
        try:
            return (self.location / name).read_bytes()
        except FileNotFoundError:
            raise Missing(f"cannot read {self.location / name}: it is not there") from None
        except OSError as error:
            raise UserError(f"cannot read {self.location / name}: {error.strerror}") from None

    def digest(self, name: str) -> tuple[int, str]:
        """Bytes and sha256 of a file; raises Missing."""
        try:
            return file_digest(self.location / name)
        except _ABSENT:
            raise Missing(f"cannot read {self.location / name}: it is not there") from None
        except OSError as error:
            raise UserError(f"cannot read {self.location / name}: {error.strerror}") from None

    def names(self) -> Iterator[str]:
        """Names of all files below the folder."""
        found = self.location.rglob("*")
        return (path.relative_to(self.location).as_posix() for path in found if not path.is_dir())
