"""Where datasets are written to: the protocol, and a folder that appears whole or not at all."""

import fcntl
import os
import shutil
from pathlib import Path
from typing import Protocol

from garment_uv.errors import UserError
from garment_uv.samples.manifest import MANIFEST_KEY, Manifest


class DatasetSink(Protocol):
    """A place for one new dataset: `begin`, then `put` per file, then `publish`; or `abort` at any point."""

    @property
    def uri(self) -> str:
        """The folder or s3:// URI, as the user gave it."""
        ...

    def begin(self) -> None:
        """UserError when the place cannot be written to or holds something already."""
        ...

    def put(self, key: str, path: Path) -> None:
        """Stores a file's bytes under `key`, verified; the file at `path` may be moved away."""
        ...

    def publish(self, manifest: Manifest) -> None:
        """Writes the manifest, last: from here on the dataset is one."""
        ...

    def abort(self) -> None:
        """Takes back what `put` stored; never raises."""
        ...


class FolderSink:
    """Writes into a hidden folder beside the target and renames it when the manifest is written.

    A killed writer leaves only `.<name>.partial`, which the next one of the same target clears. `overwrite`
    lets a dataset that is there already be replaced, when the new one is whole.
    """

    def __init__(self, folder: str | Path, overwrite: bool = False) -> None:
        self.uri = str(folder)
        self._folder = Path(folder)
        self._overwrite = overwrite
        self._partial = self._folder.absolute().with_name(f".{self._folder.absolute().name}.partial")
        self._lock: int | None = None

    def begin(self) -> None:
        if self._folder.exists():
            if not self._folder.is_dir():
                raise UserError(f"{self.uri} is a file; give --out a folder")
            if (self._folder / MANIFEST_KEY).exists():
                if not self._overwrite:
                    raise UserError(
                        f"{self.uri} holds a dataset already; give --out another folder or remove it"
                    )
            elif any(self._folder.iterdir()):
                raise UserError(f"{self.uri} is not empty and holds no dataset; give --out another folder")
        try:
            self._partial.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self._partial, os.O_RDONLY)
        except OSError as error:
            raise UserError(
                f"cannot write to {self._partial.parent}: {error.strerror}; give --out another folder"
            ) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._unlock()
            raise UserError(
                f"another process is writing a dataset to {self.uri}; wait for it or give another --out"
            ) from None
        if not self._partial.exists() or self._partial.stat().st_ino != os.fstat(self._lock).st_ino:
            self._unlock()
            raise UserError(f"another process has just written a dataset to {self.uri}; give another --out")
        for left in self._partial.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()

    def put(self, key: str, path: Path) -> None:
        target = self._partial / key
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, target)
            target.chmod(0o644)
        except OSError as error:
            raise UserError(
                f"cannot write {target}: {error.strerror}; free space there or give another --out"
            ) from None

    def publish(self, manifest: Manifest) -> None:
        old = self._partial.with_name(f"{self._partial.name}.old")
        try:
            manifest.save(self._partial / MANIFEST_KEY)
            if (self._folder / MANIFEST_KEY).exists():
                shutil.rmtree(old, ignore_errors=True)
                os.rename(self._folder, old)
            os.rename(self._partial, self._folder)
        except OSError as error:
            raise UserError(
                f"cannot finish the dataset at {self.uri}: {error.strerror}; give another --out"
            ) from None
        shutil.rmtree(old, ignore_errors=True)
        self._unlock()

    def abort(self) -> None:
        if self._lock is not None:
            shutil.rmtree(self._partial, ignore_errors=True)
            self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
