"""Files whose bytes are known by their sha256, and JSON."""

import hashlib
import json
from pathlib import Path
from typing import Any

from garment_uv.errors import UserError


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
