"""The driver's sign of life in the sweep's storage, for drivers that do not share its database.

The lease keeps drivers of one database apart. Two machines with a database each and one storage see each other here:
whoever would make a study again from its copies first looks whether a driver lives, and a driver whose claim on the
place is not the newest any more ends.
"""

import json
import threading
import time

from garment_sweeps.settings.environment import StorageConfig
from garment_sweeps.storage.filesystem import open_filesystem, read_json, write_whole
from garment_sweeps.study.claims import Claim, Claims
from garment_sweeps.study.lease import holder_words, may_live, this_process
from garment_uv.errors import UserError

BEAT_S = 10.0
"""Seconds between a driver's signs of life."""
LAPSE_S = 35.0
"""A driver that gave no sign of life for so long, as seen by who wants its place, counts as dead."""
LOOK_S = 0.5


class StorageHold:
    """Gives a sign of life every `BEAT_S` seconds, and looks whether the claim is still the newest."""

    def __init__(self, storage: StorageConfig, sweep: str, claim: Claim) -> None:
        self._filesystem, root = open_filesystem(storage)
        self._path = _path(root, sweep)
        self._claims = Claims(storage, sweep)
        self._claim = claim
        self._beats = 0
        self.lost = ""
        """Why this driver may write nothing more: another claim on the place was seen. Empty while it may."""
        self._ended = threading.Event()
        self._write()
        self._thread = threading.Thread(target=self._run, name="storage hold", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """UserError once another study, or this one from another database, has claimed the place."""
        if self.lost:
            raise UserError(self.lost)

    def release(self) -> None:
        """Lets go, so that the next driver need not wait."""
        self._ended.set()
        self._thread.join()
        if not self.lost:
            self._beat(over=True)

    def _run(self) -> None:
        while not self._ended.wait(BEAT_S) and not self.lost:
            self._beat()

    def _beat(self, over: bool = False) -> None:
        try:
            if not self._claims.holds(self._claim):
                self.lost = f"{self._claims.uri} was claimed by another study, so this driver writes nothing more"
                return
            self._write(over)
        except OSError:
            pass  # the storage is away, so nobody can claim the place either

    def _write(self, over: bool = False) -> None:
        self._beats += 1
        sign = {"holder": "" if over else this_process(), "claim": self._claim.number, "beat": self._beats}
        write_whole(self._filesystem, self._path, json.dumps(sign).encode())


def wait_until_free(storage: StorageConfig, sweep: str) -> None:
    """Returns once no driver lives in the sweep's place; UserError that says who does, once it gave a sign of life."""
    filesystem, root = open_filesystem(storage)
    since, first = time.monotonic(), None
    while True:
        seen = read_json(filesystem, _path(root, sweep))
        holder = seen.get("holder", "") if isinstance(seen, dict) else ""
        if not may_live(holder):
            return
        first = first or seen
        if seen != first:
            raise UserError(
                f"sweep {sweep!r} in {storage.uri} is being run by {holder_words(holder)} with another study "
                "database; wait for it or end that process, or give another --name"
            )
        if time.monotonic() - since >= LAPSE_S:
            return
        time.sleep(LOOK_S)


def _path(root: str, sweep: str) -> str:
    return f"{root}/{sweep}/study/driver.json"
