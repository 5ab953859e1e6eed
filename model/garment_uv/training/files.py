"""Folders of files written at once: a reader sees the whole old folder or the whole new one, never a half."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from garment_uv.errors import UserError


@contextmanager
def replaced_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder to write into; on success its files are synced and it takes `folder`'s place.

    A folder that holds something is first moved to `<folder>.previous`, where `present_folder` still finds
    it if the process dies between the two renames. On an error nothing changes.
    """
    folder = Path(folder).absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = folder.with_name(f"{folder.name}.writing-{os.getpid()}")
    previous = folder.with_name(f"{folder.name}.previous")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    try:
        yield fresh
        _sync(fresh)
        if folder.is_dir() and any(folder.iterdir()):
            shutil.rmtree(previous, ignore_errors=True)
            os.rename(folder, previous)
        os.rename(fresh, folder)
        _sync_folder(folder.parent)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    shutil.rmtree(previous, ignore_errors=True)


def present_folder(folder: Path) -> Path:
    """`folder`, or the `.previous` one left by a process that died while replacing it."""
    folder = Path(folder)
    previous = folder.with_name(f"{folder.name}.previous")
    return previous if not folder.exists() and previous.is_dir() else folder


def file_facts(path: Path) -> dict[str, Any]:
    """Size in bytes and sha256 of a file, as `verify_files` wants them."""
    return {"bytes": path.stat().st_size, "sha256": sha256(path)}


def sha256(path: Path) -> str:
    """Hex sha256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify_files(folder: Path, facts: dict[str, dict[str, Any]]) -> None:
    """Check every named file in `folder` against its facts; UserError names the first that differs."""
    for name, fact in facts.items():
        path = folder / name
        if not path.is_file():
            raise UserError(f"{path} is missing: the folder is incomplete, take another copy of it")
        if path.stat().st_size != fact["bytes"] or sha256(path) != fact["sha256"]:
            raise UserError(f"{path} is damaged (its sha256 is not the one recorded): take another copy")


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write plain values as JSON; a float comes back as the same float."""
    path.write_text(json.dumps(values, indent=1, sort_keys=True) + "\n")


def read_json(path: Path, what: str) -> dict[str, Any]:
    """Read a JSON object; UserError names `what` the file was to be when it is missing or no such thing."""
    try:
        values = json.loads(path.read_text())
    except FileNotFoundError:
        raise UserError(f"{path.parent} is no {what}: it has no {path.name}") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as JSON ({error}): take another copy of the {what}") from None
    if not isinstance(values, dict):
        raise UserError(f"{path} is no {what}: it holds {type(values).__name__}, not an object")
    return values


def _sync(folder: Path) -> None:
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
