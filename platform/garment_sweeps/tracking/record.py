"""What MLflow is to know of one trial, as plain data: made by the trial, kept in its checkpoints, delivered by anybody.

A record is never a queue of requests but the whole truth so far. Whoever delivers it compares it with MLflow and sends
what is missing, so that delivering it twice, or from two places, changes nothing.
"""

import hashlib
import json
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pydantic import Field

from garment_sweeps.tracking import tags
from garment_sweeps.tracking.code_state import git_commit
from garment_sweeps.tracking.provenance import Provenance, hardware, user
from garment_uv.config import Config
from garment_uv.errors import UserError
from garment_uv.training.trial import TrialConfig

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

HEADLINE = "s2s/all"
"""The metric that ranks: S2S over all garments in mm, lower is better."""
EPOCH_METRIC = "epoch"
"""Logged with every epoch, and last of it: a step that has it has everything."""
RECORD_FILE = "record.jsonl"
"""A record's file in a checkpoint, and in the outbox."""

Part = TypeVar("Part", bound=Config)


class Identity(Config):
    """Which run it is, and what never changes in it."""

    sweep: str
    experiment_id: str
    parent_run_id: str
    trial_id: str
    began_ms: int
    """When the trial was first started, ms since 1970."""
    params: dict[str, str]
    tags: dict[str, str]
    metric: str = HEADLINE
    """What its sweep makes small."""

    def under(self, experiment_id: str, parent_run_id: str) -> "Identity":
        """The same trial under another parent run: that of a sweep whose records in MLflow were lost."""
        ids = {"experiment_id": experiment_id, "parent_run_id": parent_run_id}
        return self.model_copy(update={**ids, "tags": {**self.tags, tags.PARENT: parent_run_id}})


class Start(Config):
    """The attempt that this record is of."""

    number: int = Field(ge=0)
    tags: dict[str, str] = {}
    """Where it runs, and on what."""


class Epoch(Config):
    """One epoch's finite metrics, and when they were measured: sent again they are the same points for MLflow."""

    step: int
    at_ms: int
    metrics: dict[str, float]


class Ending(Config):
    """How the trial ended."""

    outcome: str
    """'complete', 'pruned', 'infeasible' or 'failed'; empty where the trial was interrupted and may go on."""
    reason: str = ""
    at_ms: int
    metrics: dict[str, float] = {}
    """Measured once, at the end; logged with the last epoch's step and time."""
    tags: dict[str, str] = {}


@dataclass
class TrialRecord:
    """A trial's record; one thread adds to it while another delivers it."""

    identity: Identity
    start: Start
    epochs: list[Epoch] = field(default_factory=list)
    folders: dict[str, Path] = field(default_factory=dict)
    """Local folders by the artifact path at which their files go."""
    ending: Ending | None = None
    _lines: dict[tuple[int, int], str] = field(default_factory=dict)

    def add_epoch(self, step: int, metrics: dict[str, float]) -> None:
        """Adds an epoch, measured now; one that a checkpoint brought along already stays as it is."""
        if self.epochs and step <= self.epochs[-1].step:
            return
        finite = {name: float(value) for name, value in metrics.items() if math.isfinite(value)}
        self.epochs.append(Epoch(step=step, at_ms=now_ms(), metrics={**finite, EPOCH_METRIC: float(step)}))

    def text(self) -> bytes:
        """The record as JSON lines; its folders are left out. Each epoch's line is made once."""
        lines = [_line("trial", self.identity), _line("start", self.start)]
        for epoch in list(self.epochs):
            key = (epoch.step, epoch.at_ms)
            if key not in self._lines:
                self._lines[key] = _line("epoch", epoch)
            lines.append(self._lines[key])
        if self.ending is not None:
            lines.append(_line("ending", self.ending))
        return "\n".join(lines).encode()

    @classmethod
    def from_text(cls, text: bytes, where: str) -> "TrialRecord":
        """The record that `text()` gave; UserError that names `where` it was read when it is damaged."""
        try:
            lines = [json.loads(line) for line in text.decode().splitlines() if line.strip()]
            identity, start = _parts(lines, "trial", Identity)[0], _parts(lines, "start", Start)[0]
            epochs, endings = _parts(lines, "epoch", Epoch), _parts(lines, "ending", Ending)
        except (ValueError, LookupError, TypeError, UserError) as error:
            raise UserError(f"{where} holds no whole record of a trial ({error}); remove it") from None
        return cls(identity, start, epochs, ending=endings[0] if endings else None)


class TrialKey(NamedTuple):
    """Whose record it is; the experiment is MLflow's, the parent run the sweep's."""

    sweep: str
    experiment_id: str
    parent_run_id: str
    trial_id: str


def identity_of(
    key: TrialKey, config: TrialConfig, extra: dict[str, Any], provenance: Provenance | None = None
) -> Identity:
    """The identity of a trial that starts now: its whole config and `extra` as parameters, provenance as tags.

    `provenance` is the sweep's; by default this process asks for its own commit.
    """
    return Identity(
        **key._asdict(),
        began_ms=now_ms(),
        params={name: as_param(value) for name, value in {**config.flat(), **extra}.items()},
        tags={
            tags.PARENT: key.parent_run_id,
            tags.SWEEP: key.sweep,
            tags.ROLE: "trial",
            tags.TRIAL: key.trial_id,
            tags.CONFIG_DIGEST: config.digest(),
            "mlflow.user": user(),
            **(provenance or Provenance(commit=git_commit())).tags(),
        },
    )


def start_of(number: int, place: dict[str, str]) -> Start:
    """The attempt of that number, in this process; `place` are tags that say where."""
    return Start(number=number, tags={**{f"garment.hardware.{k}": v for k, v in hardware().items()}, **place})


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
    return TrialRecord.from_text(text, str(path))


def newest_record(filesystem: "FileSystem", checkpoints: Iterable[str]) -> TrialRecord | None:
    """The record in the first of these checkpoints of the storage that holds a whole one."""
    for checkpoint in checkpoints:
        try:
            with filesystem.open_input_stream(f"{checkpoint}/{RECORD_FILE}") as stream:
                return TrialRecord.from_text(stream.read(), checkpoint)
        except (FileNotFoundError, UserError):
            continue
    return None


def as_param(value: Any) -> str:
    """A parameter's value as MLflow keeps it: text as it is, the rest as JSON, cut at 6,000 characters."""
    return (value if isinstance(value, str) else json.dumps(value))[:6000]


def now_ms() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1000)


def _line(kind: str, part: Config) -> str:
    return json.dumps({kind: part.plain()}, separators=(",", ":"))


def _parts(lines: list[dict[str, Any]], kind: str, of: type[Part]) -> list[Part]:
    return [of.from_plain(line[kind]) for line in lines if kind in line]
