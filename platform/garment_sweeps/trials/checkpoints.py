"""A trial's checkpoints and attempts in the sweep's storage, over all sessions of the sweep."""

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from garment_sweeps.ray.node import Place
from garment_sweeps.settings.environment import StorageConfig
from garment_sweeps.storage.filesystem import folder_names, open_filesystem
from garment_sweeps.study.claims import Claim, Claims
from garment_sweeps.trials.attempts import Attempt, Attempts

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

KEEP = 2
"""Generations of checkpoints kept, so that one torn by a crash leaves another."""

KEPT_FOR = "kept-for-"
"""Begins the name of a file in a checkpoint that another trial still needs."""

_CHECKPOINT = re.compile(r"^checkpoint_\d+$")


def trial_folder(trial_id: str, session: int) -> str:
    """Name of a trial's folder in one session of the sweep; Tune writes `checkpoint_NNNNNN` folders into it."""
    return f"{trial_id}.s{session}"


@dataclass(frozen=True)
class TrialStore:
    """What one trial has in the storage. Paths are those of the filesystem."""

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

    def start_attempt(self, epoch: int, place: Place | None = None) -> Attempt:
        """Notes that the trial starts at `epoch` in that place; the attempt is higher than any before."""
        return self._attempts.start(epoch, place or Place())

    def end_attempt(self, attempt: Attempt, place: Place | None = None) -> None:
        """Notes that the attempt was ended on purpose and did not crash."""
        self._attempts.end(attempt, place or Place())

    def superseded(self, attempt: Attempt) -> bool:
        """Whether a later attempt of this trial has begun, or its study lost its place: then nothing may be written."""
        return self.claim_lost() or self._attempts.superseded(attempt)

    def claim_lost(self) -> bool:
        """Whether another study, or this one from another database, holds the sweep's place now."""
        return self.claims is not None and not self.claims.holds(self.claim)  # type: ignore[arg-type]

    def crash_loop(self, epoch: int, gone: Callable[[str], bool] = lambda node: False) -> bool:
        """Whether the last attempts of this session all began, and crashed, at `epoch`.

        `gone` says whether the node of that id is dead or about to be: its attempts do not count.
        """
        return self._attempts.crash_loop(epoch, gone)

    def attempts(self) -> list[Attempt]:
        """Every attempt of the trial over all sessions, the earliest first."""
        return self._attempts.all()

    @property
    def _attempts(self) -> Attempts:
        return Attempts(self.filesystem, f"{self.sweep_path}/{self.trial_id}.attempts", self.session)
