"""Files and folders that appear whole or not at all: written aside on the same disk, synced, and renamed."""

import errno
import os
import secrets
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from garment_uv.errors import UserError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_SAID = {
    FULL: "no space for {}: free some, or give a place on another disk",
    (errno.EROFS, errno.EACCES, errno.EPERM): "{} lies where nothing may be written: give another place",
    (errno.EISDIR,): "{} is a folder, and a file is to be written there: give another name, or take it away",
    (errno.ENOTDIR, errno.EEXIST): "{} cannot be made, a file is in the way: give another place",
    (errno.ENOENT,): "{} cannot be written, its folder is gone: give another place",
}


class CannotWrite(OSError):
    """The operating system refused an output. Its text is one line that says which, why, and how to mend it."""

    def __str__(self) -> str:
        said = next((line for numbers, line in _SAID.items() if self.errno in numbers), None)
        return said.format(self.filename) if said else f"{self.filename} cannot be written: {self.strerror}"


@contextmanager
def refusals_of(path: Path, numbers: Collection[int] = ()) -> Iterator[None]:
    """What the operating system refuses inside (with one of `numbers`, or any) is CannotWrite, and names `path`."""
    try:
        yield
    except OSError as error:
        if numbers and error.errno not in numbers:
            raise
        raise CannotWrite(error.errno, error.strerror, str(path)) from error


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Write files that belong together, and their folders: all of them, or none and those of before as they were.

    CannotWrite where that does not go; what is no plain file (a pipe, a device) is written to as it is.
    """
    plain = {_target(path): content for path, content in contents.items() if not _is_device(path)}
    made: list[Path] = []
    aside: dict[Path, Path] = {}
    try:
        for path, content in plain.items():
            with refusals_of(path):
                made += _make_folder(path.parent)
                _refuse_folder(path)
                aside[path] = _aside(path)
                with open(aside[path], "xb") as file:
                    file.write(content)
                    _sync(file)
        for path, partial in aside.items():
            with refusals_of(path):
                os.replace(partial, path)
    except BaseException:
        _remove(aside.values(), made)
        raise
    for folder in {path.parent for path in plain}:
        _sync_folder(folder)
    for path in filter(_is_device, contents):
        with refusals_of(path), open(path, "wb") as file:
            file.write(contents[path])


def write_file(path: Path, content: bytes | str) -> None:
    """Write one file as `write_files` does; text as UTF-8."""
    write_files({Path(path): content.encode() if isinstance(content, str) else content})


@contextmanager
def file_aside(path: Path) -> Iterator[BinaryIO]:
    """A new binary file, seekable and readable too, that takes its name when the block ends well; for what is long."""
    path = _target(path)
    partial = _aside(path)
    try:
        with refusals_of(path):
            _refuse_folder(path)
            file = open(partial, "x+b")
        with refusals_of(path, FULL), file:
            yield file
            _sync(file)
        with refusals_of(path):
            os.replace(partial, path)
    except BaseException:
        _remove([partial])
        raise


@contextmanager
def replaced_folder(folder: Path, names: Collection[str] | None = None) -> Iterator[Path]:
    """Yield an empty folder to write into; on success its files are synced and it takes `folder`'s place.

    A folder that holds something is first moved aside, where `present_folder` still finds it if the process dies
    between the two renames. On an error nothing changes. `names` are what such a folder holds: see `check_replaceable`.
    """
    folder = _target(folder)
    check_replaceable(folder, names)
    previous = _previous(folder)
    made: list[Path] = []
    fresh = _aside(folder)
    try:
        with refusals_of(folder):
            made = _make_folder(folder.parent)
            fresh.mkdir()
        with refusals_of(folder, FULL):
            yield fresh
            _sync_all(fresh)
        with refusals_of(folder):
            if folder.is_dir() and any(folder.iterdir()):
                shutil.rmtree(previous, ignore_errors=True)
                os.rename(folder, previous)
            os.rename(fresh, folder)
            _sync_folder(folder.parent)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        _remove([], made)
        raise
    shutil.rmtree(previous, ignore_errors=True)


def check_replaceable(folder: Path, names: Collection[str] | None) -> None:
    """UserError where `folder` is a file, or holds anything but `names` and would be lost; None says: all is ours."""
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file, and a folder is to be written there: give another name")
    if names is None or not folder.is_dir():
        return
    with refusals_of(folder):
        others = sorted({path.name for path in folder.iterdir()} - set(names))
    if others:
        some = others[0] + (f" and {len(others) - 1} more" if others[1:] else "")
        raise UserError(f"{folder} holds {some}, which would be lost: give a new folder")


def present_folder(folder: Path) -> Path:
    """`folder`, or what it was before where a process died while replacing it."""
    folder = Path(folder)
    previous = _previous(folder)
    return previous if not folder.exists() and previous.is_dir() else folder


def _target(path: Path) -> Path:
    """Where it is written: behind a symbolic link, which stays one."""
    return Path(os.path.realpath(path))


def _previous(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.previous")


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name[:64]}.{secrets.token_hex(4)}.partial")


def _is_device(path: Path) -> bool:
    return Path(path).exists() and not (Path(path).is_file() or Path(path).is_dir())


def _refuse_folder(path: Path) -> None:
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))


def _make_folder(folder: Path) -> list[Path]:
    """The folders that were made for it, the innermost first."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def _remove(files: Collection[Path], folders: Collection[Path] = ()) -> None:
    for file in files:
        file.unlink(missing_ok=True)
    for folder in folders:
        with suppress(OSError):  # somebody else has put something into it meanwhile
            folder.rmdir()


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_all(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with open(path, "rb") as file:
                os.fsync(file.fileno())
        else:
            _sync_folder(path)
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
