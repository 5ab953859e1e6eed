"""Copies of a sweep's decision log in its storage, so that a lost study database costs nothing.

    <storage>/<sweep>/state/<claim>/events-<first>-<end>.jsonl

A copy holds the events from `first` to before `end`. A new one is merged with its neighbours as soon as it is as long
as they are: of a log of n events there are about log2(n) copies, and each event is written about as often. Each claim
(see `garment_sweeps.study.claims`) has a folder of its own, so that a driver that was taken over cannot add to the log
that counts.
"""

import json
import re
import sys
import threading
from typing import NamedTuple

from garment_sweeps.settings.environment import StorageConfig
from garment_sweeps.settings.masking import first_line
from garment_sweeps.storage.filesystem import folder_names, open_filesystem, write_whole
from garment_sweeps.study.decisions import DecisionLog, Event, json_lines

EVERY_S = 20.0
"""Seconds between copies, while there is something new."""
STATE_FOLDER = "state"

_NAME = re.compile(r"^events-(\d{10})-(\d{10})\.jsonl$")


class Segment(NamedTuple):
    """The events from `first` to before `end`."""

    first: int
    end: int

    @property
    def name(self) -> str:
        """Of its file."""
        return f"events-{self.first:010d}-{self.end:010d}.jsonl"


class StateCopies:
    """Writes copies of the events that the database has, in the background."""

    def __init__(self, storage: StorageConfig, sweep: str) -> None:
        self._filesystem, root = open_filesystem(storage)
        self._root = f"{root}/{sweep}/{STATE_FOLDER}"
        self._folder = ""
        self.uri = f"{storage.uri}/{sweep}/{STATE_FOLDER}"
        """Where the copies lie, for messages."""
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._segments: list[Segment] = []
        self._superseded: list[str] = []

    def newest(self) -> list[Event]:
        """The events of the newest claim that has copies, as far as they are whole; none where there are none."""
        claims = [name for name in folder_names(self._filesystem, self._root) if name.isdigit()]
        return next((events for name in reversed(claims) if (events := self._read(f"{self._root}/{name}"))), [])

    def start(self, log: DecisionLog, claim: int) -> None:
        """Writes the log's stored events whole, and then keeps copies of what comes."""
        self._folder = f"{self._root}/{claim:06d}"
        earlier = folder_names(self._filesystem, self._folder)
        self.keep(log)
        self._superseded = earlier
        self._thread = threading.Thread(target=self._run, args=(log,), name="state copies", daemon=True)
        self._thread.start()

    def stop(self, log: DecisionLog, keep: bool) -> None:
        """Ends, with a last copy if it is to `keep` one."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            if keep:
                self.keep(log)

    def keep(self, log: DecisionLog) -> None:
        """Copies the stored events that no copy holds yet; says so where the storage does not take them."""
        events = log.stored()
        before, merged = list(self._segments), []
        first = before[-1].end if before else 0
        if first == len(events):
            return
        while before and before[-1].end - before[-1].first <= len(events) - first:
            merged.append(before.pop())
            first = merged[-1].first
        segment = Segment(first, len(events))
        try:
            write_whole(self._filesystem, f"{self._folder}/{segment.name}", json_lines(events[first:]).encode())
            self._remove_superseded(segment)
        except OSError as error:
            message = f"garment: no copy of the sweep's state could be kept ({first_line(error)})"
            print(message, file=sys.stderr, flush=True)
            return
        # One more round of life for what was merged: where the new copy is damaged, the old ones still stand.
        self._superseded = [other.name for other in merged]
        self._segments = [*before, segment]

    def _run(self, log: DecisionLog) -> None:
        while not self._ended.wait(EVERY_S):
            self.keep(log)

    def _remove_superseded(self, newest: Segment) -> None:
        counting = {segment.name for segment in (*self._segments, newest)}
        present = folder_names(self._filesystem, self._folder) if self._superseded else []
        for name in set(self._superseded) & set(present) - counting:
            self._filesystem.delete_file(f"{self._folder}/{name}")

    def _read(self, folder: str) -> list[Event]:
        matches = [m for m in map(_NAME.match, folder_names(self._filesystem, folder)) if m]
        segments = sorted(Segment(int(m[1]), int(m[2])) for m in matches)
        events: list[Event] = []
        while True:
            longest_first = [segment for segment in reversed(segments) if segment.first == len(events)]
            whole = (self._whole(folder, segment) for segment in longest_first)
            more = next((part for part in whole if part), [])
            if not more:
                return events
            events += more

    def _whole(self, folder: str, segment: Segment) -> list[Event]:
        """The segment's events; none where a line is damaged or missing."""
        try:
            with self._filesystem.open_input_stream(f"{folder}/{segment.name}") as file:
                events = [json.loads(line) for line in file.read().decode().splitlines()]
            whole = [event["seq"] for event in events] == list(range(segment.first, segment.end))
        except (ValueError, TypeError, KeyError, FileNotFoundError):
            return []
        return events if whole else []
