"""A raw sequence as parts: its samples for each of several datasets, each in a file, encoded frame by frame."""

import zlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from garment_uv.datasets.raw import AtHand, ClothedSequence, RawSequence
from garment_uv.errors import UserError, one_line
from garment_uv.samples.codec import OutOfRange, SampleFormat, encode_sample
from garment_uv.samples.flow import PartRecord
from garment_uv.samples.frames import SequenceSamples, Shot, Workshop
from garment_uv.samples.manifest import LeftOut
from garment_uv.samples.sample import Sample
from garment_uv.samples.shards import tar_blocks


@dataclass(frozen=True)
class Target:
    """Where the samples of one dataset go."""

    workshop: Workshop
    path: Path
    """A file that is not there yet."""


def encode_parts(found: AtHand, item: RawSequence, targets: list[Target], shown: str) -> list[PartRecord]:
    """Encodes one sequence for all targets, one frame in memory at a time; records in their order.

    A sequence that cannot be used for a dataset is left out of it, which its record says; `shown` is how the record
    names the sequence.
    """

    def left_out(error: UserError) -> PartRecord:
        reason = one_line(str(error).replace(found.place, shown), 1000)
        gone = LeftOut(split=item.split, sequence=item.name, reason=reason)
        return PartRecord(key=item.key, fingerprint=item.fingerprint, left_out=gone)

    try:
        sequence = found.read()
    except UserError as error:
        return [left_out(error)] * len(targets)
    try:
        parts = _encoded(sequence, item, targets, found.place)
    except Exception as error:
        error.add_note(f"while preparing {shown}")
        raise
    finally:
        sequence.close()
    return [left_out(part.failed) if part.failed else part.record() for part in parts]


def _encoded(sequence: ClothedSequence, item: RawSequence, targets: list[Target], place: str) -> "list[_Part]":
    with ExitStack() as stack:
        parts = []
        for target in targets:
            samples = SequenceSamples(target.workshop, item, place, sequence)
            parts.append(_Part(samples, item, place, stack.enter_context(open(target.path, "wb"))))
        for part in parts:
            part.attempt(part.samples.begin)
        for index in sorted({index for part in parts for index in part.samples.indices}):
            shot = Shot(sequence, index, targets[0].workshop.body)
            for part in parts:
                part.add(index, shot)
    return parts


class _Part:
    """One dataset's samples of the sequence."""

    def __init__(self, samples: SequenceSamples, item: RawSequence, place: str, file: BinaryIO) -> None:
        self.samples, self.failed = samples, None
        self._item, self._place, self._file = item, place, file
        self._form = _form_of(samples.workshop)
        self._lengths: list[int] = []
        self._checks: list[int] = []

    failed: UserError | None
    """Why the sequence is left out."""

    def attempt(self, step: Callable[[], None]) -> None:
        """Does a step, unless one before it has failed."""
        if self.failed is None:
            try:
                step()
            except UserError as error:
                self.failed = error

    def add(self, index: int, shot: Shot) -> None:
        """Writes the sample of one frame, where it is one of this dataset's."""
        if index in self.samples.indices:
            self.attempt(lambda: self._write(self.samples.sample(shot)))

    def record(self) -> PartRecord:
        """Of what was written."""
        entry = self.samples.entry()
        lengths, checks = tuple(self._lengths), tuple(self._checks)
        return PartRecord(
            key=self._item.key, fingerprint=self._item.fingerprint, entry=entry, lengths=lengths, checks=checks
        )

    def _write(self, sample: Sample) -> None:
        try:
            blocks = tar_blocks(sample.key, encode_sample(sample, self._form))
        except OutOfRange as error:
            frame = int(sample.key.rpartition("-")[2])
            raise UserError(f"{self._place}, frame {frame}: {error}; raise the range's limit or leave it out") from None
        self._lengths.append(self._file.write(blocks))
        self._checks.append(zlib.crc32(blocks))


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
