"""What a command may not write over: its inputs, and files that others made."""

import os
from collections.abc import Iterable
from pathlib import Path

from garment_uv.errors import UserError

_HEAD = 2048


def made_by(command: str) -> str:
    """What files say of their making, among their first bytes, where nobody typed their names: see `keep_others`."""
    return f"made by garment {command}"


def keep_inputs(outputs: Iterable[Path], inputs: Iterable[Path | None]) -> None:
    """UserError where an output is, lies in or holds an input, also by links; an input that is None was not given."""
    given = [Path(path) for path in inputs if path is not None and Path(path).exists()]
    sources = {_identity(path): path for path in given}
    above = {_identity(folder): path for path in given for folder in path.resolve().parents}
    for output in map(Path, outputs):
        real = Path(os.path.realpath(output))
        for place in filter(Path.exists, (real, *real.parents)):
            if (source := sources.get(_identity(place))) is not None:
                of = "files of " if source.is_dir() else ""
                raise UserError(f"{output} would be written over {of}the input {source}: give another --out")
        if real.exists() and (source := above.get(_identity(real))) is not None:
            raise UserError(f"{output} holds the input {source}, which would be lost: give another --out")


def keep_others(outputs: Iterable[Path], command: str) -> None:
    """UserError where a file beside or in the output is there already and was not `made_by` this command."""
    for path in map(Path, outputs):
        if path.is_file() and not _is_made_by(path, command):
            raise UserError(
                f"{path} is there already and was not made by `garment {command}`: give another --out, or move it away"
            )


def _is_made_by(path: Path, command: str) -> bool:
    with open(path, "rb") as file:
        head = file.read(_HEAD)
    return made_by(command).encode() in head or b'"garment-body"' in head


def _identity(path: Path) -> tuple[int, int]:
    """What a file or folder is to the disk, however it is called."""
    found = path.stat()
    return found.st_dev, found.st_ino
