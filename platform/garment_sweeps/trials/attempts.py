"""A trial's attempts in the sweep's storage: which process may write, and whether it dies again and again."""

import json
import os
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from garment_sweeps.ray.node import Place
from garment_sweeps.storage.filesystem import folder_names, read_json

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

PER_SESSION = 10_000
"""Numbers of one session of the sweep: a later session's attempts stand above all of an earlier one's."""
CRASH_LOOP = 3
"""Attempts in a row that crashed at the same epoch, after which a trial is given up."""

_NAME = re.compile(r"^attempt-(\d+)-([0-9a-f]+)-e(\d+)$")


class Attempt(NamedTuple):
    """One process that ran a trial; the highest one alone may write."""

    number: int
    token: str
    """Random: it tells apart, and orders, two processes that took the same number at the same moment."""
    epoch: int
    """At which it began."""


@dataclass(frozen=True)
class Attempts:
    """The attempts of one trial over all sessions, one small file each.

    A file's name holds number, token and first epoch, so that one listing says who is the latest; its text holds the
    node, and whether the attempt was ended on purpose.
    """

    filesystem: "FileSystem"
    path: str
    session: int

    def start(self, epoch: int, place: Place) -> Attempt:
        """Notes that the trial starts at `epoch`; the attempt is higher than any before it in this session."""
        numbers = [attempt.number for attempt in self.all() if self._of_this_session(attempt)]
        attempt = Attempt(max(numbers, default=self.session * PER_SESSION) + 1, secrets.token_hex(4), epoch)
        self.filesystem.create_dir(self.path, recursive=True)
        self._write(attempt, place, ended=False)
        return attempt

    def end(self, attempt: Attempt, place: Place) -> None:
        """Notes that the attempt was ended by the scheduler or the budget, and did not crash."""
        self._write(attempt, place, ended=True)

    def superseded(self, attempt: Attempt) -> bool:
        """Whether a later attempt has begun, in this session or a later one."""
        return any(other > attempt for other in self.all())

    def crash_loop(self, epoch: int, gone: Callable[[str], bool]) -> bool:
        """Whether the last attempts of this session crashed at `epoch`, `CRASH_LOOP` times in a row.

        Left out are attempts that were ended on purpose and those whose node is gone: a node that was taken away is
        no fault of the trial.
        """
        crashes = 0
        for attempt in sorted(filter(self._of_this_session, self.all()), reverse=True):
            if attempt.epoch != epoch or crashes == CRASH_LOOP:
                break
            content = self._read(attempt)
            crashes += not (content.get("ended") or (content.get("node") and gone(content["node"])))
        return crashes == CRASH_LOOP

    def all(self) -> list[Attempt]:
        """Every attempt of the trial, in the order of their names."""
        matches = map(_NAME.match, folder_names(self.filesystem, self.path))
        return [Attempt(int(m[1]), m[2], int(m[3])) for m in matches if m]

    def _of_this_session(self, attempt: Attempt) -> bool:
        return attempt.number // PER_SESSION == self.session

    def _file(self, attempt: Attempt) -> str:
        return f"{self.path}/attempt-{attempt.number:08d}-{attempt.token}-e{attempt.epoch:06d}"

    def _write(self, attempt: Attempt, place: Place, ended: bool) -> None:
        content = {"node": place.node, "ip": place.ip, "process": os.getpid(), "ended": ended}
        with self.filesystem.open_output_stream(self._file(attempt)) as stream:
            stream.write(json.dumps(content).encode())

    def _read(self, attempt: Attempt) -> dict:
        """What the file says; nothing, where its process died while it wrote."""
        content = read_json(self.filesystem, self._file(attempt))
        return content if isinstance(content, dict) else {}
