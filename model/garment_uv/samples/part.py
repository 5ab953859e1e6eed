"""One raw sequence as a part of a dataset: its samples' tar blocks in one file, and a record of what they are."""

import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from garment_uv.config import Config
from garment_uv.datasets.raw import RawSequence, RawSource
from garment_uv.errors import UserError, one_line
from garment_uv.samples.codec import OutOfRange, SampleFormat, encode_sample
from garment_uv.samples.frames import SequenceSamples, Workshop
from garment_uv.samples.manifest import LeftOut, SequenceEntry
from garment_uv.samples.sample import Sample
from garment_uv.samples.shards import tar_blocks
from garment_uv.samples.sink import DatasetSink

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
class Preparation:
    """What every task needs: how samples are made, where they come from and where they go."""

    workshop: Workshop
    raw: RawSource
    sink: DatasetSink


def part_file(key: str) -> str:
    """Name of a part's samples in the staging."""
    return f"parts/{key}.part"


def record_file(key: str) -> str:
    """Name of a part's record in the staging."""
    return f"parts/{key}.json"


def make_part(preparation: Preparation, item: RawSequence) -> PartRecord:
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
    staging.write(record_file(item.key), record.model_dump_json().encode())
    return record


def _encode(preparation: Preparation, item: RawSequence, folder: Path, path: Path) -> PartRecord:
    samples = SequenceSamples(preparation.workshop, item.split, folder)
    form = sample_format_of(preparation.workshop)
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
    entry = SequenceEntry(
        split=item.split,
        sequence=item.name,
        frames=len(lengths),
        garments=samples.garments,
        topology=samples.topology,
        floor_s2s_mm=samples.floor_s2s_mm,
        quality=samples.quality,
        notes=tuple(samples.notes),
    )
    return PartRecord(key=item.key, fingerprint=item.fingerprint, entry=entry, lengths=lengths, checks=checks)


def _encode_frame(sample: Sample, form: SampleFormat, path: Path) -> bytes:
    try:
        members = encode_sample(sample, form)
    except OutOfRange as error:
        frame = int(sample.key.rpartition("-")[2])
        raise UserError(f"{path}, frame {frame}: {error}; raise the range's limit or leave it out") from None
    return tar_blocks(sample.key, members)


def sample_format_of(workshop: Workshop) -> SampleFormat:
    """What a workshop fixes about every sample."""
    options = workshop.options
    return SampleFormat(
        map_size=options.map_size,
        image_size=options.image_size,
        num_vertices=workshop.topology.num_vertices,
        displacement_limit_m=options.displacement_limit_m,
        body_limit_m=options.body_limit_m,
        image_format=options.image_format,
    )
