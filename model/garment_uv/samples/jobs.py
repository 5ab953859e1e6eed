"""What the workers of a preparation do: a raw sequence as a part, that is samples in one file, and parts as a shard."""

import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from garment_uv.datasets.raw import RawSequence, RawSource
from garment_uv.errors import UserError, one_line
from garment_uv.files import file_digest
from garment_uv.samples.codec import OutOfRange, SampleFormat, encode_sample
from garment_uv.samples.flow import Job, PartRecord, Record, ShardJob, ShardRecord, Slice
from garment_uv.samples.frames import SequenceSamples, Workshop
from garment_uv.samples.manifest import LeftOut, ShardEntry
from garment_uv.samples.sample import Sample
from garment_uv.samples.shards import TAR_END, tar_blocks
from garment_uv.samples.sink import DatasetSink


@dataclass(frozen=True)
class Preparation:
    """What every task needs: how samples are made, where they come from and where they go."""

    workshop: Workshop
    raw: RawSource
    sink: DatasetSink


def work(preparation: Preparation, job: Job) -> Record:
    """Does one job: the same for every crew."""
    return _make_part(preparation, job) if isinstance(job, RawSequence) else _make_shard(preparation, job)


def part_file(key: str) -> str:
    """Name of a part's samples in the staging."""
    return f"parts/{key}.part"


def _make_part(preparation: Preparation, item: RawSequence) -> PartRecord:
    """Encodes one sequence, one frame in memory at a time, and stores its samples and then its record.

    A sequence that cannot be used is left out, which its record says. UserError when the sequence or the staging
    cannot be reached.
    """
    staging = preparation.sink.staging
    with tempfile.TemporaryDirectory(prefix="garment-part-", dir=staging.scratch()) as scratch:
        path = Path(scratch) / "samples.partial"
        with preparation.raw.open(item) as folder:
            record = _encode(preparation, item, folder, path)
        if record.entry is not None:
            staging.put(part_file(item.key), path)
    staging.write(f"parts/{item.key}.json", record.model_dump_json().encode())
    return record


def _encode(preparation: Preparation, item: RawSequence, folder: Path, path: Path) -> PartRecord:
    samples = SequenceSamples(preparation.workshop, item.split, folder)
    form = _form_of(preparation.workshop)
    lengths, checks = [], []
    try:
        with open(path, "wb") as file:
            for sample in samples.frames():
                blocks = _encode_frame(sample, form, folder)
                lengths.append(file.write(blocks))
                checks.append(zlib.crc32(blocks))
    except UserError as error:
        reason = one_line(str(error).replace(str(folder), preparation.raw.shown(item)), 1000)
        left_out = LeftOut(split=item.split, sequence=item.name, reason=reason)
        return PartRecord(key=item.key, fingerprint=item.fingerprint, left_out=left_out)
    except Exception as error:
        error.add_note(f"while preparing {preparation.raw.shown(item)}")
        raise
    entry = samples.entry(len(lengths))
    return PartRecord(key=item.key, fingerprint=item.fingerprint, entry=entry, lengths=lengths, checks=checks)


def _encode_frame(sample: Sample, form: SampleFormat, path: Path) -> bytes:
    try:
        return tar_blocks(sample.key, encode_sample(sample, form))
    except OutOfRange as error:
        frame = int(sample.key.rpartition("-")[2])
        raise UserError(f"{path}, frame {frame}: {error}; raise the range's limit or leave it out") from None


def _form_of(workshop: Workshop) -> SampleFormat:
    options = workshop.options
    return SampleFormat(
        map_size=options.map_size,
        image_size=options.image_size,
        num_vertices=workshop.topology.num_vertices,
        displacement_limit_m=options.displacement_limit_m,
        body_limit_m=options.body_limit_m,
        image_format=options.image_format,
        labels=options.labels,
    )


def _make_shard(preparation: Preparation, job: ShardJob) -> ShardRecord:
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
