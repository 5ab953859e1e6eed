"""Where a dataset lies while it is being made, so that a run that was killed can be gone on with: a protocol, a folder.

Below a dataset's place, in `.staging/`:

- `plan.json`                   what is being made: another plan's leftovers are of no use
- `parts/<split>-<id>.part`     one sequence's encoded samples, until all of them are in shards
- `parts/<split>-<id>.json`     what is known of that sequence, written after its samples
- `shards/<split>-NNNNNN.json`  what is known of a shard, written after the shard
- `scratch/`                    files that are being written
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from garment_uv.outputs import write_file

STAGING = ".staging"
PLAN = "plan.json"
SCRATCH = "scratch"


class Staging(Protocol):
    """Files by name, each whole or not there. Small enough to be sent to another process."""

    def names(self) -> list[str]:
        """All there are."""

    def put(self, name: str, path: Path) -> None:
        """Stores a file's bytes; the file at `path` may be moved away."""

    def write(self, name: str, data: bytes) -> None:
        """Stores a few bytes."""

    def read_many(self, names: list[str]) -> list[bytes | None]:
        """Small files' bytes, in the order asked for; None for one that is not there."""

    def delete(self, names: list[str]) -> None:
        """Removes files; one that is not there is no error."""

    def scratch(self) -> Path | None:
        """A folder from which `put` moves a file without copying it; None for the system's own."""

    def open(self, name: str, offset: int, length: int) -> AbstractContextManager[BinaryIO]:
        """The file from `offset`, of which `length` bytes will be read; FileNotFoundError where it is not there."""


def holds(staging: Staging, plan: bytes) -> bool:
    """Whether what lies there was made by this plan."""
    return staging.read_many([PLAN]) == [plan]


def clear(staging: Staging, names: list[str] | None = None) -> None:
    """Removes everything, or these files where they are known to be all; the plan last, which tells what they are."""
    names = staging.names() if names is None else names
    staging.delete([name for name in names if name != PLAN])
    staging.delete([name for name in names if name == PLAN])


class FolderStaging:
    """A folder that every process that takes part can write to."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def names(self) -> list[str]:
        found = (path for path in self.folder.glob("[!.]*") if path.name != SCRATCH)
        files = (path for top in found for path in (top.rglob("*") if top.is_dir() else [top]) if path.is_file())
        return [path.relative_to(self.folder).as_posix() for path in files if path.suffix != ".partial"]

    def put(self, name: str, path: Path) -> None:
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        os.chmod(path, 0o644)
        os.replace(path, target)

    def write(self, name: str, data: bytes) -> None:
        write_file(self.folder / name, data)

    def read_many(self, names: list[str]) -> list[bytes | None]:
        return [self._read(name) for name in names]

    def delete(self, names: list[str]) -> None:
        for name in names:
            (self.folder / name).unlink(missing_ok=True)

    def scratch(self) -> Path | None:
        folder = self.folder / SCRATCH
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @contextmanager
    def open(self, name: str, offset: int, length: int) -> Iterator[BinaryIO]:
        with open(self.folder / name, "rb") as file:
            file.seek(offset)
            yield file

    def _read(self, name: str) -> bytes | None:
        try:
            return (self.folder / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
