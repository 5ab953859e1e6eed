"""What the workers of a preparation do: a raw sequence as parts, and parts as a shard."""

import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from garment_uv.datasets.raw import RawSequence, RawSource
from garment_uv.errors import UserError
from garment_uv.files import file_digest
from garment_uv.samples.flow import ShardJob, ShardRecord, Slice
from garment_uv.samples.flows import Done, Task
from garment_uv.samples.frames import Workshop
from garment_uv.samples.manifest import ShardEntry
from garment_uv.samples.parts import Target, encode_parts
from garment_uv.samples.shards import TAR_END
from garment_uv.samples.sink import DatasetSink


@dataclass(frozen=True)
class Outlet:
    """One dataset: how its samples are made and where they go."""

    workshop: Workshop
    sink: DatasetSink


@dataclass(frozen=True)
class Preparation:
    """What every task needs."""

    raw: RawSource
    outlets: tuple[Outlet, ...]
    """All on one body."""


def work(preparation: Preparation, task: Task) -> list[Done]:
    """Does one task: the same for every crew."""
    if isinstance(task.job, RawSequence):
        return _make_parts(preparation, task.job, task.datasets)
    (dataset,) = task.datasets
    return [Done(dataset, _make_shard(preparation.outlets[dataset].sink, task.job))]


def part_file(key: str) -> str:
    """Name of a part's samples in the staging."""
    return f"parts/{key}.part"


def _make_parts(preparation: Preparation, item: RawSequence, datasets: tuple[int, ...]) -> list[Done]:
    """Encodes one sequence for the datasets, and stores each one's samples and then its record.

    A sequence that cannot be used is left out, which its record says. UserError when the sequence or the staging
    cannot be reached.
    """
    outlets = [preparation.outlets[dataset] for dataset in datasets]
    with ExitStack() as stack:
        targets = []
        for outlet in outlets:
            aside = tempfile.TemporaryDirectory(prefix="garment-part-", dir=outlet.sink.staging.scratch())
            targets.append(Target(outlet.workshop, Path(stack.enter_context(aside)) / "samples.partial"))
        with preparation.raw.open(item) as found:
            records = encode_parts(found, item, targets, preparation.raw.shown(item))
        for outlet, target, record in zip(outlets, targets, records, strict=True):
            staging = outlet.sink.staging
            if record.entry is not None:
                staging.put(part_file(item.key), target.path)
            staging.write(f"parts/{item.key}.json", record.model_dump_json().encode())
    return [Done(dataset, record) for dataset, record in zip(datasets, records, strict=True)]


def _make_shard(sink: DatasetSink, job: ShardJob) -> ShardRecord:
    """Joins one shard, one sample in memory at a time, and stores it and then its record.

    UserError when a part is not what its record says; that part is then removed, so that the next run makes it again.
    """
    staging = sink.staging
    with tempfile.TemporaryDirectory(prefix="garment-shard-", dir=staging.scratch()) as scratch:
        path = Path(scratch) / "shard.partial"
        with open(path, "wb") as file:
            for piece in job.slices:
                try:
                    with staging.open(part_file(piece.part), piece.offset, sum(piece.lengths)) as part:
                        for blocks in _checked(part, piece):
                            file.write(blocks)
                except (FileNotFoundError, _Damaged) as error:
                    staging.delete([part_file(piece.part)])
                    raise UserError(
                        f"the samples of {piece.part} that lie in {sink.uri} are damaged ({error}); "
                        "the same command makes them again and goes on"
                    ) from None
            file.write(TAR_END)
        size, sha256 = file_digest(path)
        sink.put(job.key, path)
    entry = ShardEntry(
        split=job.split, key=job.key, bytes=size, sha256=sha256, samples=job.samples, class_counts=job.class_counts
    )
    record = ShardRecord(inputs=job.inputs, entry=entry)
    staging.write(f"shards/{job.split}-{job.number:06d}.json", record.model_dump_json().encode())
    return record


class _Damaged(Exception):
    """Bytes that are not those that were stored."""


def _checked(part: BinaryIO, piece: Slice) -> Iterator[bytes]:
    for number, (length, check) in enumerate(zip(piece.lengths, piece.checks, strict=True)):
        blocks = part.read(length)
        if len(blocks) != length or zlib.crc32(blocks) != check:
            raise _Damaged(f"sample {number} from byte {piece.offset} on is not what was stored")
        yield blocks
