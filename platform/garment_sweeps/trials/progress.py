"""How far a trial was when a checkpoint of it was written: the last of its files, with its own digest."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from garment_uv.config import Config, digest_of
from garment_uv.errors import UserError

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

PROGRESS_FILE = "trial.json"


class Progress(Config):
    """What a trial needs, beside its work's own files, to go on."""

    epoch: int = Field(ge=0)
    seconds: float = Field(ge=0)
    """Device-seconds along the history that the checkpoint continues."""
    last: dict[str, Any]
    """The last result's own keys."""
    curve: tuple[tuple[int, float], ...] = ()
    """Epoch and objective, mm, of every epoch that was evaluated."""
    lineage: int = Field(default=0, ge=0)
    """How often the trial went on from another's weights before it (see `lineage`)."""
    record_sha256: str = ""
    """Of the record for MLflow beside it; empty where nothing is tracked."""
    study: str = ""
    """Identity of the trial's study; empty for one of before studies had any."""
    code: str = ""
    """Digest of the code that wrote the checkpoint; empty likewise."""

    def check(self, study: str, codes: tuple[str, ...]) -> None:
        """UserError where a trial of that study, whose sweep was run by these codes, cannot go on from it."""
        if study and self.study and self.study != study:
            raise UserError("it is of another study")
        if codes and self.code and self.code not in codes:
            raise UserError(f"it was written by other code (digest {self.code}) than the sweep's")

    def write(self, folder: Path) -> None:
        """Writes `trial.json`; to be called when all other files of the checkpoint are there."""
        text = json.dumps({"progress": self.plain(), "digest": self.digest()})
        (folder / PROGRESS_FILE).write_text(text)

    @classmethod
    def read(cls, folder: Path) -> "Progress":
        """Reads `trial.json`; UserError where it is missing, torn or altered."""
        path = folder / PROGRESS_FILE
        try:
            values = json.loads(path.read_text())
            progress = cls.from_plain(values["progress"])
            if digest_of(values["progress"]) != values["digest"]:
                raise ValueError("its digest is not the one recorded")
        except (OSError, ValueError, KeyError, TypeError, UserError) as error:
            raise UserError(f"{path} is not whole ({error})") from None
        return progress


def progress_in(filesystem: "FileSystem", checkpoint: str) -> dict[str, Any] | None:
    """What the progress in a checkpoint of the storage says, whole or altered; None where it says nothing."""
    try:
        with filesystem.open_input_stream(f"{checkpoint}/{PROGRESS_FILE}") as stream:
            return dict(json.loads(stream.read())["progress"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
