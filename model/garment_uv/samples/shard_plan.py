"""Which samples of which parts make up which shard, the same for the same parts; and their joining, checked."""

import hashlib
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from garment_uv.config import Config
from garment_uv.errors import UserError
from garment_uv.files import file_digest
from garment_uv.samples.manifest import ShardEntry
from garment_uv.samples.part import PartRecord, Preparation, part_file
from garment_uv.samples.shards import TAR_END


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

    @property
    def record_file(self) -> str:
        """Name of its record in the staging."""
        return f"shards/{self.split}-{self.number:06d}.json"


class ShardRecord(Config):
    """A shard that lies in its place."""

    inputs: str
    """`ShardJob.inputs`."""
    entry: ShardEntry


@dataclass
class _Open:
    slices: list[Slice] = field(default_factory=list)
    samples: int = 0
    class_counts: dict[str, int] = field(default_factory=dict)
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)


class ShardPlan:
    """Shards of `samples_per_shard` samples, filled in the order of `add`; a split's last one may hold fewer."""

    def __init__(self, samples_per_shard: int) -> None:
        self._samples_per_shard = samples_per_shard
        self._split, self._number, self._open = "", 0, _Open()

    def add(self, record: PartRecord) -> Iterator[ShardJob]:
        """The shards that this sequence fills; its split's sequences must follow each other."""
        entry = record.entry
        if entry is None:
            return
        if entry.split != self._split:
            yield from self.close()
            self._split, self._number = entry.split, 0
        first = offset = 0
        while first < entry.frames:
            count = min(entry.frames - first, self._samples_per_shard - self._open.samples)
            last = first + count
            piece = Slice(record.key, offset, record.lengths[first:last], record.checks[first:last])
            self._take(piece, entry.garments, record.fingerprint)
            first, offset = last, offset + sum(piece.lengths)
            if self._open.samples == self._samples_per_shard:
                yield self._finish()

    def close(self) -> Iterator[ShardJob]:
        """The split's last shard, if it has begun one."""
        if self._open.samples:
            yield self._finish()

    def waiting(self) -> set[str]:
        """Keys of the parts that the shard begun is made of so far."""
        return {piece.part for piece in self._open.slices}

    def _take(self, piece: Slice, garments: tuple[str, ...], fingerprint: str) -> None:
        shard = self._open
        shard.slices.append(piece)
        shard.samples += len(piece.lengths)
        for name in garments:
            shard.class_counts[name] = shard.class_counts.get(name, 0) + len(piece.lengths)
        shard.digest.update(repr((piece, garments, fingerprint)).encode())

    def _finish(self) -> ShardJob:
        shard, self._open = self._open, _Open()
        job = ShardJob(
            split=self._split,
            number=self._number,
            slices=tuple(shard.slices),
            samples=shard.samples,
            class_counts=dict(sorted(shard.class_counts.items())),
            inputs=shard.digest.hexdigest()[:32],
        )
        self._number += 1
        return job


def make_shard(preparation: Preparation, job: ShardJob) -> ShardRecord:
    """Joins one shard, one sample in memory at a time, and stores it and then its record.

    UserError when a part is not what its record says; that part is then removed, so that the next run makes it again.
    """
    staging = preparation.sink.staging
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
                        f"the samples of {piece.part} that lie in {preparation.sink.uri} are damaged ({error}); "
                        "the same command makes them again and goes on"
                    ) from None
            file.write(TAR_END)
        size, sha256 = file_digest(path)
        preparation.sink.put(job.key, path)
    entry = ShardEntry(
        split=job.split, key=job.key, bytes=size, sha256=sha256, samples=job.samples, class_counts=job.class_counts
    )
    record = ShardRecord(inputs=job.inputs, entry=entry)
    staging.write(job.record_file, record.model_dump_json().encode())
    return record


class _Damaged(Exception):
    """Bytes that are not those that were stored."""


def _checked(part: BinaryIO, piece: Slice) -> Iterator[bytes]:
    for number, (length, check) in enumerate(zip(piece.lengths, piece.checks, strict=True)):
        blocks = part.read(length)
        if len(blocks) != length or zlib.crc32(blocks) != check:
            raise _Damaged(f"sample {number} from byte {piece.offset} on is not what was stored")
        yield blocks
