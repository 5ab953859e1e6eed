"""A trial's checkpoints and attempts in the sweep's storage, over all sessions of the sweep."""

import json
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from garment_sweeps.ray.nodes import NOWHERE, Place
from garment_sweeps.settings.environment import StorageConfig
from garment_sweeps.storage.filesystem import folder_names, open_filesystem, read_json
from garment_sweeps.study.claims import Claim, Claims

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

KEEP = 2
"""Generations of checkpoints kept, so that one torn by a crash leaves another."""
KEPT_FOR = "kept-for-"
"""Begins the name of a file in a checkpoint that another trial still needs."""
PER_SESSION = 10_000
"""Numbers of one session of the sweep: a later session's attempts stand above all of an earlier one's."""
CRASH_LOOP = 3
"""Attempts in a row that crashed at the same epoch, after which a trial is given up."""

_CHECKPOINT = re.compile(r"^checkpoint_\d+$")
_ATTEMPT = re.compile(r"^attempt-(\d+)-([0-9a-f]+)-e(\d+)$")


def trial_folder(trial_id: str, session: int) -> str:
    """Name of a trial's folder in one session of the sweep; Tune writes `checkpoint_NNNNNN` folders into it."""
    return f"{trial_id}.s{session}"


class Attempt(NamedTuple):
    """One process that ran a trial; the highest one alone may write."""

    number: int
    token: str
    """Random: it tells apart, and orders, two processes that took the same number at the same moment."""
    epoch: int
    """At which it began."""


@dataclass(frozen=True)
class TrialStore:
    """What one trial has in the storage. Paths are those of the filesystem.

    An attempt is a small file, whose name holds number, token and first epoch, so that one listing says who is the
    latest; its text holds the node, and whether the attempt was ended on purpose.
    """

    filesystem: "FileSystem"
    sweep_path: str
    trial_id: str
    session: int
    claims: Claims | None = None
    claim: Claim | None = None
    """Of the study for which the trial works; None checks none."""

    @classmethod
    def open(
        cls, storage: StorageConfig, sweep: str, trial_id: str, session: int, claim: Claim | None = None
    ) -> "TrialStore":
        """The store of a trial in this session, whose study holds the place by `claim`."""
        filesystem, root = open_filesystem(storage)
        claims = None if claim is None else Claims(storage, sweep)
        return cls(filesystem, f"{root}/{sweep}", trial_id, session, claims, claim)

    @property
    def path(self) -> str:
        """The trial's folder in this session."""
        return f"{self.sweep_path}/{trial_folder(self.trial_id, self.session)}"

    def checkpoints(self) -> list[str]:
        """Paths of all checkpoints of the trial, whole or torn, newest first."""
        newest_first = []
        for session in range(self.session, -1, -1):
            folder = f"{self.sweep_path}/{trial_folder(self.trial_id, session)}"
            names = [n for n in folder_names(self.filesystem, folder) if _CHECKPOINT.match(n)]
            newest_first += [f"{folder}/{name}" for name in reversed(names)]
        return newest_first

    def holds(self, checkpoint: str) -> bool:
        """Whether anything of that checkpoint is there, of this trial or another."""
        return bool(folder_names(self.filesystem, self.here(checkpoint)))

    def here(self, checkpoint: str) -> str:
        """Where a checkpoint of this sweep lies now: in a moved or copied storage it is recorded in the old place."""
        return "/".join((self.sweep_path, *checkpoint.split("/")[-2:]))

    def put(self, folder: Path, number: int) -> None:
        """Copies a local checkpoint into the storage; Tune does this itself for the trials that it runs."""
        from pyarrow import fs

        path = f"{self.path}/checkpoint_{number:06d}"
        self.filesystem.create_dir(path, recursive=True)
        fs.copy_files(str(folder), path, destination_filesystem=self.filesystem, use_threads=False)

    def prune(self, spare: str = "") -> None:
        """Removes all checkpoints but the newest ones, those that are kept for other trials, and `spare`."""
        for path in self.checkpoints()[KEEP:]:
            if path != spare and not any(name.startswith(KEPT_FOR) for name in folder_names(self.filesystem, path)):
                self.filesystem.delete_dir(path)

    def keep_for(self, checkpoint: str, keeper: str) -> None:
        """Keeps a checkpoint beyond its turn until `no_longer_for` the same keeper."""
        with self.filesystem.open_output_stream(f"{checkpoint}/{KEPT_FOR}{keeper}"):
            pass

    def no_longer_for(self, checkpoint: str, keeper: str) -> None:
        """The keeper needs that checkpoint no more."""
        place = self.here(checkpoint)
        if f"{KEPT_FOR}{keeper}" in folder_names(self.filesystem, place):
            self.filesystem.delete_file(f"{place}/{KEPT_FOR}{keeper}")

    @contextmanager
    def fetched(self, checkpoint: str) -> Iterator[Path]:
        """A local copy of a checkpoint."""
        from pyarrow import fs

        with tempfile.TemporaryDirectory(prefix="garment-checkpoint-") as folder:
            fs.copy_files(self.here(checkpoint), folder, source_filesystem=self.filesystem, use_threads=False)
            yield Path(folder)

    def start_attempt(self, epoch: int, place: Place = NOWHERE) -> Attempt:
        """Notes that the trial starts at `epoch` in that place; higher than any attempt before it in this session."""
        numbers = [attempt.number for attempt in self.attempts() if self._of_this_session(attempt)]
        number = max(numbers, default=self.session * PER_SESSION) + 1
        attempt = Attempt(number, secrets.token_hex(4), epoch)
        self.filesystem.create_dir(self._attempts_path, recursive=True)
        self._write(attempt, place, ended=False)
        return attempt

    def end_attempt(self, attempt: Attempt, place: Place = NOWHERE) -> None:
        """Notes that the attempt was ended by the scheduler or the budget, and did not crash."""
        self._write(attempt, place, ended=True)

    def superseded(self, attempt: Attempt) -> bool:
        """Whether a later attempt of this trial has begun, or its study lost its place: then nothing may be written."""
        return self.claim_lost() or any(other > attempt for other in self.attempts())

    def claim_lost(self) -> bool:
        """Whether another study, or this one from another database, holds the sweep's place now."""
        return self.claims is not None and self.claim is not None and not self.claims.holds(self.claim)

    def crash_loop(self, epoch: int, gone: Callable[[str], bool] = lambda node: False) -> bool:
        """Whether the last attempts of this session crashed at `epoch`, `CRASH_LOOP` times in a row.

        Left out are attempts that were ended on purpose and those whose node is `gone`, dead or about to be, by its
        id: a node that was taken away is no fault of the trial.
        """
        crashes = 0
        for attempt in sorted(filter(self._of_this_session, self.attempts()), reverse=True):
            if attempt.epoch != epoch or crashes == CRASH_LOOP:
                break
            said = read_json(self.filesystem, self._file(attempt))
            content = said if isinstance(said, dict) else {}  # its process may have died while it wrote
            crashes += not (content.get("ended") or (content.get("node") and gone(content["node"])))
        return crashes == CRASH_LOOP

    def attempts(self) -> list[Attempt]:
        """Every attempt of the trial over all sessions, the earliest first."""
        matches = map(_ATTEMPT.match, folder_names(self.filesystem, self._attempts_path))
        return [Attempt(int(m[1]), m[2], int(m[3])) for m in matches if m]

    @property
    def _attempts_path(self) -> str:
        return f"{self.sweep_path}/{self.trial_id}.attempts"

    def _of_this_session(self, attempt: Attempt) -> bool:
        return attempt.number // PER_SESSION == self.session

    def _file(self, attempt: Attempt) -> str:
        return f"{self._attempts_path}/attempt-{attempt.number:08d}-{attempt.token}-e{attempt.epoch:06d}"

    def _write(self, attempt: Attempt, place: Place, ended: bool) -> None:
        content = {"node": place.node, "ip": place.ip, "process": os.getpid(), "ended": ended}
        with self.filesystem.open_output_stream(self._file(attempt)) as stream:
            stream.write(json.dumps(content).encode())
