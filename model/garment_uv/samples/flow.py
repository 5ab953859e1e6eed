"""The order of a preparation: what is done, what may begin, and what can be thrown away. It touches no file.

Sequences are encoded a bounded number ahead of the first that is not done, so that what lies in the staging is
bounded too; shards are joined as soon as their sequences are done. No step takes longer the more sequences there are.
"""

from collections import deque
from collections.abc import Iterable

from garment_uv.datasets.raw import RawSequence
from garment_uv.samples.manifest import LeftOut, SequenceEntry, ShardEntry
from garment_uv.samples.part import PartRecord
from garment_uv.samples.shard_plan import ShardJob, ShardPlan, ShardRecord

Job = RawSequence | ShardJob
"""A sequence to encode, or a shard to join."""


class Flow:
    """One preparation of `sequences`, which stand in the dataset's order; `parts` and `shards` are done already."""

    def __init__(
        self,
        sequences: list[RawSequence],
        samples_per_shard: int,
        parts: Iterable[PartRecord] = (),
        shards: Iterable[ShardRecord] = (),
    ) -> None:
        self.entries: list[SequenceEntry] = []
        self.left_out: list[LeftOut] = []
        self._sequences = sequences
        self._plan = ShardPlan(samples_per_shard)
        self._parts = {record.key: record for record in parts}
        self._earlier = {record.entry.key: record for record in shards}
        self._shards: list[ShardEntry] = []
        self._ready: deque[ShardJob] = deque()
        self._begun: dict[str, ShardJob] = {}
        self._uses: dict[str, int] = {}
        self._spent: list[str] = []
        self._planned = self._asked = 0
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

    def next_job(self, ahead: int) -> Job | None:
        """What may begin now; sequences at most `ahead` of the first that is not done. None: wait for `done`."""
        if self._ready:
            job = self._ready.popleft()
            self._begun[job.key] = job
            return job
        self._asked = max(self._asked, self._planned)
        while self._asked < min(len(self._sequences), self._planned + ahead):
            item = self._sequences[self._asked]
            self._asked += 1
            if item.key not in self._parts:
                return item
        return None

    def done(self, record: PartRecord | ShardRecord) -> None:
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
        waiting = {key for key, record in self._parts.items() if record.entry is not None}
        return waiting | self._plan.waiting() | set(self._uses)

    def _advance(self) -> None:
        while self._planned < len(self._sequences):
            record = self._parts.pop(self._sequences[self._planned].key, None)
            if record is None:
                return
            self._planned += 1
            if record.left_out is not None:
                self.left_out.append(record.left_out)
            if record.entry is not None:
                self.entries.append(record.entry)
                self._begin(list(self._plan.add(record)))
        self._begin(list(self._plan.close()))

    def _begin(self, jobs: list[ShardJob]) -> None:
        for job in jobs:
            for piece in job.slices:
                self._uses[piece.part] = self._uses.get(piece.part, 0) + 1
        for job in jobs:
            earlier = self._earlier.pop(job.key, None)
            if earlier is not None and earlier.inputs == job.inputs:
                self._finish(job, earlier)
            else:
                self._ready.append(job)

    def _finish(self, job: ShardJob, record: ShardRecord) -> None:
        self._shards.append(record.entry)
        waiting = self._plan.waiting()
        for piece in job.slices:
            self._uses[piece.part] -= 1
            if not self._uses[piece.part]:
                del self._uses[piece.part]
                if piece.part not in waiting:
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
