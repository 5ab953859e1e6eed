"""The order of a preparation, without any file: whoever finishes when, and whenever it is cut off."""

import time
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from garment_uv.datasets.raw import RawSequence
from garment_uv.samples.flow import Flow, PartRecord, ShardJob, ShardRecord, go_on
from garment_uv.samples.manifest import LeftOut, SequenceEntry, ShardEntry

PER_SHARD = 4
AHEAD = 3


def sequences_of(counts: dict[str, list[int]]) -> list[RawSequence]:
    return [
        RawSequence(split, f"{number:05d}", f"{split}{number}")
        for split, frames in sorted(counts.items())
        for number in range(len(frames))
    ]


def next_job(flow: Flow):
    return flow.next_shard() or flow.next_sequence(AHEAD)


@dataclass
class Cluster:
    """Stands for workers and staging: what was stored stays when the flow is lost."""

    counts: dict[str, list[int]]
    parts: dict[str, PartRecord] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    shards: dict[str, ShardRecord] = field(default_factory=dict)
    encoded: list[str] = field(default_factory=list)

    def work(self, job):
        if isinstance(job, ShardJob):
            for piece in job.slices:
                assert piece.part in self.files, "a part was thrown away before its shard was done"
                assert self.parts[piece.part].lengths[:0] == ()
            entry = ShardEntry(
                split=job.split, key=job.key, bytes=sum(sum(p.lengths) for p in job.slices), sha256="0" * 64,
                samples=job.samples, class_counts=job.class_counts,
            )  # fmt: skip
            record = ShardRecord(inputs=job.inputs, entry=entry)
            self.shards[job.key] = record
            return record
        frames = self.counts[job.split][int(job.name)]
        self.encoded.append(job.key)
        if frames == 0:
            left_out = LeftOut(split=job.split, sequence=job.name, reason="empty")
            record = PartRecord(key=job.key, fingerprint=job.fingerprint, left_out=left_out)
        else:
            entry = SequenceEntry(
                split=job.split, sequence=job.name, frames=frames, garments=("Top",), topology="default"
            )
            lengths = tuple(100 * frames + at for at in range(frames))
            record = PartRecord(key=job.key, fingerprint=job.fingerprint, entry=entry, lengths=lengths, checks=lengths)
            self.files.add(job.key)
        self.parts[job.key] = record
        return record

    def run(self, draw, steps: int = 10**6) -> Flow:
        """Goes on for so many steps; `draw(n)` picks which of n open jobs ends next."""
        items = sequences_of(self.counts)
        flow = go_on(items, PER_SHARD, list(self.parts.values()), list(self.shards.values()), set(self.files))
        place = {item.key: index for index, item in enumerate(items)}
        open_jobs: list = []
        for _ in range(steps):
            while len(open_jobs) < AHEAD and (job := next_job(flow)) is not None:
                if isinstance(job, RawSequence):
                    done = next((at for at, item in enumerate(items) if item.key not in self.parts), len(items))
                    assert place[job.key] < done + AHEAD, "too far ahead of the first that is not done"
                open_jobs.append(job)
            if flow.is_done:
                break
            record = self.work(open_jobs.pop(draw(len(open_jobs))))
            flow.done(record)
            self.files -= set(flow.spent())
        return flow


COUNTS = st.dictionaries(
    st.sampled_from(["test", "train", "val"]), st.lists(st.integers(0, 9), min_size=1, max_size=6), min_size=1
)


@settings(max_examples=60)
@given(counts=COUNTS, cuts=st.lists(st.integers(0, 12), max_size=4), data=st.data())
def test_any_order_and_any_cut_end_the_same(counts, cuts, data):
    calm = Cluster(counts)
    whole = calm.run(lambda n: 0)
    assert whole.is_done and whole.sequences_done == len(sequences_of(counts))
    assert [shard.samples for shard in whole.shards] == [
        size
        for split in sorted(counts)
        for size in [PER_SHARD] * (sum(counts[split]) // PER_SHARD) + [sum(counts[split]) % PER_SHARD]
        if size
    ]
    assert not calm.files, "every part is thrown away once its samples are in shards"
    cut = Cluster(counts)
    for steps in cuts:
        cut.run(lambda n: data.draw(st.integers(0, n - 1)), steps)
    again = cut.run(lambda n: data.draw(st.integers(0, n - 1)))
    assert (again.shards, again.entries, again.left_out) == (whole.shards, whole.entries, whole.left_out)
    assert len(cut.encoded) == len(set(cut.encoded)), "no sequence is encoded twice"


def test_a_sequence_that_changed_is_made_again_with_all_whose_places_it_decides():
    cluster = Cluster({"test": [5], "train": [3, 3, 3, 3]})
    whole = cluster.run(lambda n: 0)
    cluster.encoded.clear()
    record = cluster.parts["train-00001"]
    cluster.parts["train-00001"] = record.model_copy(update={"fingerprint": "of an earlier copy"})
    again = cluster.run(lambda n: 0)
    assert again.is_done and again.shards == whole.shards
    assert "train-00001" in cluster.encoded and "test-00000" not in cluster.encoded


def test_samples_that_were_lost_are_made_again():
    cluster = Cluster({"train": [3, 3, 3]})
    cluster.run(lambda n: 0, steps=2)
    cluster.files.clear()
    cluster.encoded.clear()
    again = cluster.run(lambda n: 0)
    assert again.is_done and "train-00001" in cluster.encoded


def test_no_step_takes_longer_for_more_sequences():
    def seconds(count: int) -> float:
        """Of the processor, which other programs do not lengthen."""
        cluster = Cluster({"train": [2] * count})
        items = sequences_of(cluster.counts)
        flow = Flow(items, PER_SHARD)
        start = time.process_time()
        while not flow.is_done:
            flow.done(cluster.work(next_job(flow)))
            flow.spent()
        return time.process_time() - start

    seconds(50)
    few, many = min(seconds(500) for _ in range(3)), min(seconds(4000) for _ in range(3))
    assert many < 8 * few * 3, "eight times as many sequences take about eight times as long"
