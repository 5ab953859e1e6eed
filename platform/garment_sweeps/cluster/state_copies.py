"""Copies of a sweep's decision log in its storage, so that a lost study database costs nothing."""

import json
import sys
import threading
from typing import Any

from garment_sweeps.search.decisions import DecisionLog, Event
from garment_sweeps.trials.context import StorageConfig
from garment_sweeps.trials.storage import folder_names, open_filesystem

EVERY_S = 20.0
"""Seconds between copies, while there is something new."""
KEEP = 2
"""Generations kept, so that one cut short by a crash leaves another."""


class StateCopies:
    """Writes `<storage>/<sweep>/state/decisions-NNNNNNNNNN.jsonl` in the background; the number counts its events.

    A copy appears under its name only when it is whole.
    """

    def __init__(self, storage: StorageConfig, sweep: str) -> None:
        self._filesystem, root = open_filesystem(storage)
        self._local = "://" not in storage.uri
        self._folder = f"{root}/{sweep}/state"
        self.folder = f"{storage.uri}/{sweep}/state"
        """Where the copies lie, for messages."""
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._kept = 0

    def newest(self) -> list[Event]:
        """The events of the newest whole copy; none where there is none."""
        for name in reversed(self._names()):
            with self._filesystem.open_input_stream(f"{self._folder}/{name}") as file:
                events = _parsed(file.read())
            if len(events) == _count(name):
                return events
        return []

    def start(self, log: DecisionLog) -> None:
        """Begins to keep copies of this log."""
        self._thread = threading.Thread(target=self._run, args=(log,), name="state copies", daemon=True)
        self._thread.start()

    def stop(self, log: DecisionLog, keep: bool) -> None:
        """Ends, with a last copy if it is to `keep` one."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        if keep:
            self._keep(log)

    def _run(self, log: DecisionLog) -> None:
        while not self._ended.wait(EVERY_S):
            self._keep(log)

    def _keep(self, log: DecisionLog) -> None:
        events = log.read()
        if len(events) == self._kept:
            return
        try:
            self._write(f"decisions-{len(events):010d}.jsonl", events)
            for name in self._names()[:-KEEP]:
                self._filesystem.delete_file(f"{self._folder}/{name}")
            self._kept = len(events)
        except OSError as error:
            reason = str(error).splitlines()[0][:200]
            print(f"garment: no copy of the sweep's state could be kept ({reason})", file=sys.stderr, flush=True)

    def _write(self, name: str, events: list[Event]) -> None:
        path = f"{self._folder}/{name}"
        written = f"{path}.partial" if self._local else path  # an object in S3 appears whole or not at all
        self._filesystem.create_dir(self._folder, recursive=True)
        with self._filesystem.open_output_stream(written) as file:
            file.write("".join(json.dumps(event, separators=(",", ":")) + "\n" for event in events).encode())
        if self._local:
            self._filesystem.move(written, path)

    def _names(self) -> list[str]:
        names = folder_names(self._filesystem, self._folder)
        return [name for name in names if name.startswith("decisions-") and name.endswith(".jsonl")]


def _count(name: str) -> int:
    digits = name.removeprefix("decisions-").removesuffix(".jsonl")
    return int(digits) if digits.isdigit() else -1


def _parsed(content: bytes) -> list[dict[str, Any]]:
    """The events; none where a line is damaged."""
    try:
        return [json.loads(line) for line in content.decode().splitlines()]
    except ValueError:
        return []
