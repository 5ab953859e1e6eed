"""Where raw sequences come from: a protocol, and a folder that all who take part can read."""

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from garment_uv.datasets.cloth3d.sequence import find_sequences
from garment_uv.errors import UserError


class RawChanged(UserError):
    """A sequence that is not what it was when the run began, or that this node does not see."""


@dataclass(frozen=True)
class RawSequence:
    """One sequence that there is, unread."""

    split: str
    name: str
    """5 digits."""
    fingerprint: str
    """Of its files' names, sizes and times or tags: another one means that it must be read again."""

    @property
    def key(self) -> str:
        """Its name among all splits' sequences."""
        return f"{self.split}-{self.name}"


class RawSource(Protocol):
    """A place with raw sequences. Small enough to be sent to another process."""

    @property
    def uri(self) -> str:
        """The folder or s3:// URI, as the user gave it."""

    def sequences(self) -> list[RawSequence]:
        """All sequences, sorted by split and name; UserError where there is none."""

    def shown(self, item: RawSequence) -> str:
        """The sequence's place, for messages."""

    def open(self, item: RawSequence) -> AbstractContextManager[Path]:
        """The sequence's folder on this machine, for the length of the block; RawChanged where it has changed."""


class FolderRaw:
    """`<folder>/<split>/<5-digit id>/`."""

    def __init__(self, folder: Path | str) -> None:
        self.uri = str(folder)
        self._folder = Path(folder)

    def sequences(self) -> list[RawSequence]:
        return [RawSequence(split, path.name, _fingerprint(path)) for split, path in find_sequences(self._folder)]

    def shown(self, item: RawSequence) -> str:
        return str(self._folder / item.split / item.name)

    @contextmanager
    def open(self, item: RawSequence) -> Iterator[Path]:
        path = self._folder / item.split / item.name
        if not path.is_dir():
            raise RawChanged(
                f"{path}: no such folder on this node; give --raw a folder that every node sees, or s3://bucket/prefix"
            )
        if _fingerprint(path) != item.fingerprint:
            raise RawChanged(f"{path} changed while it was being prepared; run the command again")
        yield path


def fingerprint_of(files: list[tuple[str, int, str]]) -> str:
    """16 hex digits of (name, bytes, time or tag) of a sequence's files, in any order."""
    return hashlib.sha256(repr(sorted(files)).encode()).hexdigest()[:16]


def _fingerprint(folder: Path) -> str:
    found = ((path.name, path.stat()) for path in folder.iterdir())
    return fingerprint_of([(name, status.st_size, str(status.st_mtime_ns)) for name, status in found])
