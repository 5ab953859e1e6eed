"""What MLflow is to know of one trial, as plain data: made by the trial, kept in its checkpoints, delivered by anybody.

A record is never a queue of requests but the whole truth so far. Whoever delivers it compares it with MLflow and sends
what is missing, so that delivering it twice, or from two places, changes nothing.
"""

import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field

from garment_sweeps.tracking import tags
from garment_sweeps.tracking.code_state import git_commit
from garment_sweeps.tracking.provenance import Provenance, hardware, user
from garment_uv.config import Config
from garment_uv.errors import UserError
from garment_uv.training.trial import TrialConfig

HEADLINE = "s2s/all"
"""The metric that ranks: S2S over all garments in mm, lower is better."""
EPOCH_METRIC = "epoch"
"""Logged with every epoch, and last of it: a step that has it has everything."""


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

    def lines(self) -> Iterator[str]:
        """The record as JSON lines; its folders are left out. Each epoch's line is made once."""
        yield _line("trial", self.identity)
        yield _line("start", self.start)
        for epoch in list(self.epochs):
            key = (epoch.step, epoch.at_ms)
            if key not in self._lines:
                self._lines[key] = _line("epoch", epoch)
            yield self._lines[key]
        if self.ending is not None:
            yield _line("ending", self.ending)

    @classmethod
    def from_lines(cls, lines: list[str], where: str) -> "TrialRecord":
        """The record that `lines` gave; UserError that names `where` they were read when they are damaged."""
        try:
            parts = [json.loads(line) for line in lines if line.strip()]
            kinds = {kind: [part[kind] for part in parts if kind in part] for kind in (*_KINDS, "epoch")}
            identity, start = (_KINDS[kind].from_plain(kinds[kind][0]) for kind in ("trial", "start"))
            ending = Ending.from_plain(kinds["ending"][0]) if kinds["ending"] else None
            epochs = [Epoch.from_plain(part) for part in kinds["epoch"]]
        except (ValueError, LookupError, TypeError, UserError) as error:
            raise UserError(f"{where} holds no whole record of a trial ({error}); remove it") from None
        return cls(identity, start, epochs, ending=ending)  # type: ignore[arg-type]


_KINDS: dict[str, type[Config]] = {"trial": Identity, "start": Start, "ending": Ending}


class TrialKey(NamedTuple):
    """Whose record it is."""

    sweep: str
    experiment_id: str
    """Of MLflow."""
    parent_run_id: str
    """The sweep's run."""
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


def as_param(value: Any) -> str:
    """A parameter's value as MLflow keeps it: text as it is, the rest as JSON, cut at 6,000 characters."""
    return (value if isinstance(value, str) else json.dumps(value))[:6000]


def now_ms() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1000)


def _line(kind: str, part: Config) -> str:
    return json.dumps({kind: part.plain()}, separators=(",", ":"))
