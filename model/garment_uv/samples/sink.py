"""Where datasets are written to: the protocol, and a folder that appears whole or not at all."""

import fcntl
import os
import shutil
from pathlib import Path
from typing import Protocol

from garment_uv.errors import UserError
from garment_uv.outputs import check_replaceable
from garment_uv.samples.manifest import MANIFEST_KEY, Manifest
from garment_uv.samples.staging import PLAN, SCRATCH, STAGING, FolderStaging, Staging, clear, holds


class DatasetSink(Protocol):
    """A place for one new dataset: `begin`, then `put` per file, then `publish`; `release` or `abort` at any point.

    It can be sent to other processes, which may `put` too.
    """

    @property
    def uri(self) -> str:
        """The folder or s3:// URI, as the user gave it."""

    @property
    def staging(self) -> Staging:
        """For what is under way, beside what `put` stores; it goes when the dataset is published."""

    def begin(self, plan: bytes | None = None) -> Manifest | None:
        """Makes ready. What a killed writer of the same `plan` left is kept, all else of it is removed.

        The manifest, when that writer was killed after its dataset was whole. UserError when the place cannot be
        written to or holds something already.
        """

    def put(self, key: str, path: Path) -> None:
        """Stores a file's bytes under `key`, verified; the file at `path` may be moved away."""

    def publish(self, manifest: Manifest) -> None:
        """Removes what the manifest does not list and writes it, last: from here on the dataset is one."""

    def release(self) -> None:
        """Lets go of the place and keeps what is stored, for the next `begin` of the same plan; never raises."""

    def abort(self) -> None:
        """Takes back all that was stored; never raises."""


class FolderSink:
    """Writes into a hidden folder beside the target and renames it when the manifest is written.

    A killed writer leaves only `.<name>.partial`, which the next one of the same target goes on with or clears.
    `overwrite` lets a dataset that is there already be replaced, when the new one is whole.
    """

    def __init__(self, folder: str | Path, overwrite: bool = False) -> None:
        self.uri = str(folder)
        self._folder = Path(folder)
        self._overwrite = overwrite
        self._partial = self._folder.absolute().with_name(f".{self._folder.absolute().name}.partial")
        self._old = self._partial.with_name(f"{self._partial.name}.old")
        self._lock: int | None = None

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_lock": None}

    @property
    def staging(self) -> Staging:
        return FolderStaging(self._partial / STAGING)

    def begin(self, plan: bytes | None = None) -> Manifest | None:
        leftover = FolderStaging(self._folder / STAGING)
        if plan is not None and (self._folder / MANIFEST_KEY).is_file() and holds(leftover, plan):
            manifest = Manifest.load(self._folder / MANIFEST_KEY)
            self._clear_up()
            return manifest
        self._check_target()
        self._take_lock()
        if plan is None or not holds(self.staging, plan):
            for left in self._partial.iterdir():
                shutil.rmtree(left) if left.is_dir() else left.unlink()
            if plan is not None:
                self.staging.write(PLAN, plan)
        shutil.rmtree(self._partial / STAGING / SCRATCH, ignore_errors=True)
        return None

    def put(self, key: str, path: Path) -> None:
        target = self._partial / key
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            moved = target.with_name(f".{target.name}.{os.getpid()}.partial")
            shutil.move(path, moved)
            moved.chmod(0o644)
            os.replace(moved, target)
        except OSError as error:
            raise UserError(
                f"cannot write {target}: {error.strerror}; free space there or give another --out"
            ) from None

    def publish(self, manifest: Manifest) -> None:
        try:
            self._remove_unlisted(manifest)
            manifest.save(self._partial / MANIFEST_KEY)
            if (self._folder / MANIFEST_KEY).exists():
                shutil.rmtree(self._old, ignore_errors=True)
                os.rename(self._folder, self._old)
            os.rename(self._partial, self._folder)
            self._clear_up()
        except OSError as error:
            raise UserError(f"cannot finish the dataset at {self.uri}: {error.strerror}; give another --out") from None
        self.release()

    def release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def abort(self) -> None:
        if self._lock is not None:
            shutil.rmtree(self._partial, ignore_errors=True)
            self.release()

    def _check_target(self) -> None:
        if not self._folder.exists():
            return
        if not self._folder.is_dir():
            raise UserError(f"{self.uri} is a file; give --out a folder")
        if (self._folder / MANIFEST_KEY).exists():
            if not self._overwrite:
                raise UserError(f"{self.uri} holds a dataset already; give --out another folder or remove it")
            manifest = Manifest.load(self._folder / MANIFEST_KEY)
            keys = (MANIFEST_KEY, manifest.atlas.key, *(shard.key for shard in manifest.shards), STAGING)
            check_replaceable(self._folder, {key.partition("/")[0] for key in keys})
        elif any(self._folder.iterdir()):
            raise UserError(f"{self.uri} is not empty and holds no dataset; give --out another folder")

    def _take_lock(self) -> None:
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
            self.release()
            raise UserError(
                f"another process is writing a dataset to {self.uri}; wait for it or give another --out"
            ) from None
        if not self._partial.exists() or self._partial.stat().st_ino != os.fstat(self._lock).st_ino:
            self.release()
            raise UserError(f"another process has just written a dataset to {self.uri}; give another --out")

    def _remove_unlisted(self, manifest: Manifest) -> None:
        """Removes what an earlier writer left that this dataset does not have."""
        listed = {shard.key for shard in manifest.shards} | {manifest.atlas.key}
        for path in self._partial.rglob("*"):
            name = path.relative_to(self._partial).as_posix()
            if path.is_file() and name not in listed and not name.startswith(f"{STAGING}/"):
                path.unlink()

    def _clear_up(self) -> None:
        """Removes what a dataset that is in its place has replaced, and its staging."""
        shutil.rmtree(self._old, ignore_errors=True)
        clear(FolderStaging(self._folder / STAGING))
        shutil.rmtree(self._folder / STAGING, ignore_errors=True)
