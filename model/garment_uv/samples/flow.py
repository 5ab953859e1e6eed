"""The order of a preparation: what is done, what may begin, and what can be thrown away. It touches no file.

Sequences are encoded a bounded number ahead of the first that is not done, so that what lies in the staging is
bounded too; shards are joined as soon as their sequences are done. No step takes longer the more sequences there are.
"""

import hashlib
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from garment_uv.config import Config
from garment_uv.datasets.raw import RawSequence
from garment_uv.samples.manifest import LeftOut, SequenceEntry, ShardEntry

Count = Annotated[int, Field(ge=0)]


class PartRecord(Config):
    """What became of one sequence: its entry and where each sample lies, or why it is left out."""

    key: str
    """`RawSequence.key`."""
    fingerprint: str
    """`RawSequence.fingerprint` of what was read."""
    entry: SequenceEntry | None = None
    left_out: LeftOut | None = None
    lengths: tuple[Count, ...] = ()
    """Bytes of each sample's tar blocks, in order."""
    checks: tuple[Count, ...] = ()
    """CRC-32 of each sample's tar blocks."""


@dataclass(frozen=True)
class Slice:
    """Some samples of one part that follow each other."""

    part: str
    """`PartRecord.key`."""
    offset: int
    """Of the first one, bytes into the part's file."""
    lengths: tuple[int, ...]
    checks: tuple[int, ...]


@dataclass(frozen=True)
class ShardJob:
    """One shard to be joined."""

    split: str
    number: int
    """Within its split, from 0."""
    slices: tuple[Slice, ...]
    samples: int
    class_counts: dict[str, int]
    inputs: str
    """Digest of all that the shard is made of."""

    @property
    def key(self) -> str:
        """Of the shard below the dataset's URI."""
        return f"{self.split}/shard-{self.number:06d}.tar"


class ShardRecord(Config):
    """A shard that lies in its place."""

    inputs: str
    """`ShardJob.inputs`."""
    entry: ShardEntry


Record = PartRecord | ShardRecord
"""What became of a sequence, or of a shard."""


@dataclass
class _Filling:
    """The shard that the next samples go into."""

    slices: list[Slice] = field(default_factory=list)
    samples: int = 0
    class_counts: Counter[str] = field(default_factory=Counter)
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def take(self, piece: Slice, garments: tuple[str, ...], fingerprint: str) -> None:
        self.slices.append(piece)
        self.samples += len(piece.lengths)
        self.class_counts.update(dict.fromkeys(garments, len(piece.lengths)))
        self.digest.update(repr((piece, garments, fingerprint)).encode())


class Flow:
    """One preparation of `sequences`, which stand in the dataset's order; `parts` and `shards` are done already.

    Shards hold `samples_per_shard` samples, a split's last one perhaps fewer, and are the same for the same parts.
    """

    def __init__(
        self,
        sequences: list[RawSequence],
        samples_per_shard: int,
        parts: Iterable[PartRecord] = (),
        shards: Iterable[ShardRecord] = (),
    ) -> None:
        self.entries: list[SequenceEntry] = []
        self.left_out: list[LeftOut] = []
        self._sequences, self._samples_per_shard = sequences, samples_per_shard
        self._parts = {record.key: record for record in parts}
        self._earlier = {record.entry.key: record for record in shards}
        self._shards: list[ShardEntry] = []
        self._ready: deque[ShardJob] = deque()
        self._begun: dict[str, ShardJob] = {}
        self._split, self._number, self._filling = "", 0, _Filling()
        self._uses: Counter[str] = Counter()  # by part: shards not yet there that its samples go into
        self._spent: list[str] = []
        self._planned = self._asked = 0
        self._place = {item.key: index for index, item in enumerate(sequences)}
        self._joined: set[str] = set()  # asked for before their turn
        self._advance()

    @property
    def sequences_done(self) -> int:
        """Sequences that are encoded or left out."""
        return self._planned + len(self._parts)

    @property
    def is_done(self) -> bool:
        """Whether every sequence is in its shards or left out."""
        return self._planned == len(self._sequences) and not self._ready and not self._begun

    @property
    def shards(self) -> tuple[ShardEntry, ...]:
        """The shards that are done, by split and number."""
        return tuple(sorted(self._shards, key=lambda entry: (entry.split, entry.key)))

    def next_shard(self) -> ShardJob | None:
        """A shard that may be joined now."""
        if not self._ready:
            return None
        job = self._ready.popleft()
        self._begun[job.key] = job
        return job

    def next_sequence(self, ahead: int) -> RawSequence | None:
        """A sequence that may be encoded now, at most `ahead` of the first that is not done."""
        self._asked = max(self._asked, self._planned)
        while self._asked < min(len(self._sequences), self._planned + ahead):
            item = self._sequences[self._asked]
            self._asked += 1
            if item.key not in self._parts and item.key not in self._joined:
                return item
            self._joined.discard(item.key)
        return None

    def join(self, item: RawSequence) -> bool:
        """Whether this sequence is still to be encoded, though another than `next_sequence` gave it: then it is now."""
        place = self._place[item.key]
        if place < max(self._planned, self._asked) or item.key in self._parts:
            return False
        self._joined.add(item.key)
        return True

    def done(self, record: Record) -> None:
        """Takes what became of a job."""
        if isinstance(record, PartRecord):
            self._parts[record.key] = record
            self._advance()
        else:
            self._finish(self._begun.pop(record.entry.key), record)

    def spent(self) -> list[str]:
        """Keys of parts whose samples are all in shards since the last call: their files are of no more use."""
        spent, self._spent = self._spent, []
        return spent

    def needed(self) -> set[str]:
        """Keys of the parts that are done and whose samples are not all in shards."""
        return {key for key, record in self._parts.items() if record.entry is not None} | set(self._uses)

    def _advance(self) -> None:
        """Takes into shards all that is done, in order."""
        while self._planned < len(self._sequences):
            record = self._parts.pop(self._sequences[self._planned].key, None)
            if record is None:
                return
            self._planned += 1
            if record.left_out is not None:
                self.left_out.append(record.left_out)
            if record.entry is not None:
                self.entries.append(record.entry)
                self._begin(self._fill(record, record.entry))
        self._begin(self._closed())

    def _fill(self, record: PartRecord, entry: SequenceEntry) -> list[ShardJob]:
        """The shards that this part fills, and its split's predecessor's last one."""
        jobs: list[ShardJob] = []
        if entry.split != self._split:
            jobs += self._closed()
            self._split, self._number = entry.split, 0
        first = offset = 0
        while first < entry.frames:
            last = min(entry.frames, first + self._samples_per_shard - self._filling.samples)
            piece = Slice(record.key, offset, record.lengths[first:last], record.checks[first:last])
            self._filling.take(piece, entry.garments, record.fingerprint)
            self._uses[record.key] += 1
            first, offset = last, offset + sum(piece.lengths)
            if self._filling.samples == self._samples_per_shard:
                jobs += self._closed()
        return jobs

    def _closed(self) -> list[ShardJob]:
        """The shard that was being filled, if any sample is in it."""
        shard = self._filling
        if not shard.samples:
            return []
        counts, inputs = dict(sorted(shard.class_counts.items())), shard.digest.hexdigest()[:32]
        job = ShardJob(self._split, self._number, tuple(shard.slices), shard.samples, counts, inputs)
        self._number, self._filling = self._number + 1, _Filling()
        return [job]

    def _begin(self, jobs: list[ShardJob]) -> None:
        for job in jobs:
            earlier = self._earlier.pop(job.key, None)
            if earlier is not None and earlier.inputs == job.inputs:
                self._finish(job, earlier)
            else:
                self._ready.append(job)

    def _finish(self, job: ShardJob, record: ShardRecord) -> None:
        self._shards.append(record.entry)
        for piece in job.slices:
            self._uses[piece.part] -= 1
            if not self._uses[piece.part]:
                del self._uses[piece.part]
                self._spent.append(piece.part)


def go_on(
    sequences: list[RawSequence],
    samples_per_shard: int,
    parts: list[PartRecord],
    shards: list[ShardRecord],
    stored: set[str],
) -> Flow:
    """The flow of a run that goes on with an earlier one's records; `stored` are the keys of parts with a file.

    A part counts only where its sequence is what it was then, and where its samples are still there or in shards.
    """
    now = {item.key: item.fingerprint for item in sequences}
    same = [record for record in parts if now.get(record.key) == record.fingerprint]
    lost = Flow(sequences, samples_per_shard, same, shards).needed() - stored
    return Flow(sequences, samples_per_shard, [record for record in same if record.key not in lost], shards)
