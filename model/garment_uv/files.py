"""Files whose bytes are known by their sha256, and JSON."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from garment_uv.config import Config
from garment_uv.errors import UserError


class FileFacts(Config):
    """What a file must be to be the file that was written."""

    bytes: int = Field(ge=0)
    sha256: str


def file_digest(path: Path) -> tuple[int, str]:
    """Bytes and hex sha256 of a file."""
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return os.fstat(file.fileno()).st_size, digest


def file_facts(path: Path) -> FileFacts:
    """A file as `verify_files` wants it."""
    size, sha256 = file_digest(path)
    return FileFacts(bytes=size, sha256=sha256)


def facts_below(folder: Path) -> dict[str, FileFacts]:
    """All files below a folder, by their paths in it."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): file_facts(path) for path in found}


def verify_files(folder: Path, facts: Mapping[str, FileFacts]) -> None:
    """Check every named file in `folder` against its facts; UserError names the first that differs."""
    for name, wanted in facts.items():
        path = folder / name
        if not path.is_file():
            raise UserError(f"{path} is missing: the folder is incomplete, take another copy of it")
        if path.stat().st_size != wanted.bytes or file_digest(path)[1] != wanted.sha256:
            raise UserError(f"{path} is damaged (its sha256 is not the one recorded): take another copy")


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write plain values as JSON into a folder that appears as a whole; a float comes back as the same float."""
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
