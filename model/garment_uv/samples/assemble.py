"""Joining parts' samples into one shard, checked on the way."""

import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from garment_uv.errors import UserError
from garment_uv.files import file_digest
from garment_uv.samples.manifest import ShardEntry
from garment_uv.samples.part import Preparation, part_file
from garment_uv.samples.shard_plan import ShardJob, ShardRecord, Slice
from garment_uv.samples.shards import TAR_END


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
