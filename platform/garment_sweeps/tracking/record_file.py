"""A trial's record for MLflow as it lies in a checkpoint."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from garment_sweeps.tracking.outbox import RECORD_FILE
from garment_sweeps.tracking.record import TrialRecord
from garment_uv.errors import UserError


def read_record(folder: Path, sha256: str) -> TrialRecord | None:
    """The record in a checkpoint, None where nothing was tracked; UserError where it is not the one written."""
    if not sha256:
        return None
    path = folder / RECORD_FILE
    try:
        text = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror})") from None
    if hashlib.sha256(text).hexdigest() != sha256:
        raise UserError(f"{path} is damaged (its sha256 is not the one recorded)")
    return TrialRecord.from_lines(text.decode().splitlines(), str(path))


def newest_record(filesystem, checkpoints: Iterable[str]) -> TrialRecord | None:
    """The record in the first of these checkpoints of the storage that holds a whole one."""
    for checkpoint in checkpoints:
        try:
            with filesystem.open_input_stream(f"{checkpoint}/{RECORD_FILE}") as stream:
                lines = stream.read().decode().splitlines()
            return TrialRecord.from_lines(lines, checkpoint)
        except (FileNotFoundError, UserError):
            continue
    return None
