"""The order in which several datasets of the same sequences are prepared together: each sequence is read once."""

from dataclasses import dataclass

from garment_uv.datasets.raw import RawSequence
from garment_uv.samples.flow import Flow, Record, ShardJob


@dataclass(frozen=True)
class Task:
    """A sequence to encode, or a shard to join."""

    job: RawSequence | ShardJob
    datasets: tuple[int, ...]
    """For which of the datasets, in ascending order; a shard is one's."""


@dataclass(frozen=True)
class Done:
    """What became of a task for one dataset."""

    dataset: int
    record: Record


class Flows:
    """One flow a dataset; all have the same sequences."""

    def __init__(self, flows: list[Flow]) -> None:
        self.flows = flows

    @property
    def sequences_done(self) -> int:
        """Sequences that are encoded or left out in every dataset."""
        return min(flow.sequences_done for flow in self.flows)

    @property
    def is_done(self) -> bool:
        """Whether every dataset has all its shards."""
        return all(flow.is_done for flow in self.flows)

    def next_task(self, ahead: int) -> Task | None:
        """What may begin now; sequences at most `ahead` of the first that is not done. None: wait for `done`."""
        for number, flow in enumerate(self.flows):
            if (shard := flow.next_shard()) is not None:
                return Task(shard, (number,))
        for number, flow in enumerate(self.flows):
            if (item := flow.next_sequence(ahead)) is not None:
                others = (other for other, joined in enumerate(self.flows) if other != number and joined.join(item))
                return Task(item, tuple(sorted((number, *others))))
        return None

    def done(self, done: Done) -> None:
        """Takes what became of a task for one dataset."""
        self.flows[done.dataset].done(done.record)
