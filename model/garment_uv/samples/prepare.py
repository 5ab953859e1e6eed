"""Raw sequences to a dataset: register, unwrap, encode, shard; what cannot be used is left out and listed."""

import errno
import multiprocessing
import re
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from garment_uv.body.protocol import BodyModel
from garment_uv.body.topology import build_topology
from garment_uv.cloth3d.sequence import find_sequences
from garment_uv.errors import UserError
from garment_uv.samples.codec import OutOfRange, SampleFormat, encode_sample
from garment_uv.samples.frames import SequenceSamples, Workshop
from garment_uv.samples.manifest import ATLAS_KEY, AtlasEntry, BodyEntry, LeftOut, Manifest, SequenceEntry
from garment_uv.samples.prepare_options import PrepareOptions
from garment_uv.samples.sample import Sample
from garment_uv.samples.shard_writer import ShardWriter
from garment_uv.samples.shards import file_digest, tar_blocks
from garment_uv.samples.sink import DatasetSink
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.build import build_atlas

Progress = Callable[[int, int], None]
_AHEAD = 2
"""Sequences per worker that may be encoded before their turn to be written."""


def prepare(
    raw: Path | str,
    sink: DatasetSink,
    body: BodyModel,
    options: PrepareOptions,
    workers: int = 1,
    progress: Progress | None = None,
) -> Manifest:
    """Makes the dataset of all sequences below `raw` in `sink`, and returns its manifest.

    A sequence that cannot be used (a file missing or broken, a displacement beyond the range) is left out and
    listed with its reason. The manifest is written last; on any error everything is taken back. With more
    than one of `workers`, that many processes take a sequence each; the bytes are the same.
    `progress(done, total)` counts sequences. UserError when nothing can be read or written, or no sequence is
    left.
    """
    if workers < 1:
        raise UserError(f"--workers takes 1 or more, was given {workers}")
    sequences = find_sequences(raw)
    for split in sorted({split for split, _ in sequences}):
        if not re.fullmatch(r"[A-Za-z0-9_]+", split):
            raise UserError(f"{raw}/{split}: a split's name takes letters, digits and '_'; rename the folder")
    sink.begin()
    try:
        topology = build_topology(body, options.subdivisions)
        workshop = Workshop(body, topology, build_atlas(topology, options.map_size), options)
        with tempfile.TemporaryDirectory(prefix="garment-prepare-") as folder:
            manifest = _write(sequences, sink, workshop, Path(folder), workers, progress)
        sink.publish(manifest)
    except OSError as error:
        sink.abort()
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise UserError(
                f"no space left while preparing ({error.filename or tempfile.gettempdir()}); "
                "free some, or set TMPDIR to another disk"
            ) from None
        raise
    except BaseException:
        sink.abort()
        raise
    return manifest


def _write(
    sequences: list[tuple[str, Path]],
    sink: DatasetSink,
    workshop: Workshop,
    folder: Path,
    workers: int,
    progress: Progress | None,
) -> Manifest:
    options = workshop.options
    writer = ShardWriter(sink, folder, options.samples_per_shard)
    kept: list[SequenceEntry] = []
    left_out: list[LeftOut] = []
    parts = _parts(sequences, workshop, folder, workers)
    for done, part in enumerate(parts, start=1):
        if isinstance(part, LeftOut):
            left_out.append(part)
        else:
            part.copy_to(writer)
            kept.append(part.entry)
        if progress is not None:
            progress(done, len(sequences))
    if not kept:
        first = left_out[0].reason
        raise UserError(f"none of {len(sequences)} sequences could be prepared; the first: {first}")
    return Manifest(
        body=BodyEntry(name=workshop.body.name, body_digest=workshop.body.digest),
        atlas=_store_atlas(workshop.atlas, sink, folder),
        image_size=options.image_size,
        image_format=options.image_format,
        displacement_limit_m=options.displacement_limit_m,
        body_limit_m=options.body_limit_m,
        fill=options.fill,
        subdivisions=options.subdivisions,
        every=options.every,
        evaluation_splits=options.evaluation_splits,
        shards=writer.close(),
        sequences=tuple(kept),
        left_out=tuple(left_out),
    )


def _store_atlas(atlas: Atlas, sink: DatasetSink, folder: Path) -> AtlasEntry:
    path = folder / ATLAS_KEY
    atlas.save(path)
    size, sha256 = file_digest(path)
    sink.put(ATLAS_KEY, path)
    return AtlasEntry(
        bytes=size, sha256=sha256, atlas_digest=atlas.digest, size=atlas.size, num_vertices=atlas.num_vertices
    )


@dataclass(frozen=True)
class _Part:
    """One encoded sequence: its samples' tar blocks in one file, in order."""

    path: Path
    lengths: tuple[int, ...]
    entry: SequenceEntry

    def copy_to(self, writer: ShardWriter) -> None:
        """Moves the samples into shards and removes the file."""
        with open(self.path, "rb") as file:
            for length in self.lengths:
                writer.add(self.entry.split, file.read(length), self.entry.garments)
        self.path.unlink()


def _parts(
    sequences: list[tuple[str, Path]], workshop: Workshop, folder: Path, workers: int
) -> Iterator[_Part | LeftOut]:
    """The sequences' parts in the sequences' order, whoever makes them."""
    if workers == 1:
        for split, path in sequences:
            yield _encode_sequence(workshop, split, path, folder)
        return
    pool = ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), initializer=_start_worker, initargs=(workshop,)
    )
    try:
        waiting = iter(sequences)
        under_way: list[Future] = []
        for _ in sequences:
            while len(under_way) < _AHEAD * workers and (following := next(waiting, None)) is not None:
                under_way.append(pool.submit(_encode_in_worker, *following, folder))
            yield under_way.pop(0).result()
    except BrokenProcessPool:
        raise UserError(
            "a worker process ended suddenly, perhaps for lack of memory; try again with fewer --workers"
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_workshop: Workshop | None = None


def _start_worker(workshop: Workshop) -> None:
    global _workshop
    _workshop = workshop


def _encode_in_worker(split: str, path: Path, folder: Path) -> _Part | LeftOut:
    assert _workshop is not None
    return _encode_sequence(_workshop, split, path, folder)


def _encode_sequence(workshop: Workshop, split: str, path: Path, folder: Path) -> _Part | LeftOut:
    samples = SequenceSamples(workshop, split, path)
    part = folder / f"{split}-{path.name}.part"
    form = _sample_format(workshop)
    try:
        with open(part, "wb") as file:
            lengths = [file.write(_encode_frame(sample, form, path)) for sample in samples.frames()]
    except UserError as error:
        part.unlink(missing_ok=True)
        return LeftOut(split=split, sequence=path.name, reason=" ".join(str(error).split())[:1000])
    except Exception as error:
        error.add_note(f"while preparing {path}")
        raise
    entry = SequenceEntry(
        split=split,
        sequence=path.name,
        frames=len(lengths),
        garments=samples.garments,
        topology=samples.topology,
        floor_s2s_mm=samples.floor_s2s_mm,
        notes=tuple(samples.notes),
    )
    return _Part(part, tuple(lengths), entry)


def _encode_frame(sample: Sample, form: SampleFormat, path: Path) -> bytes:
    try:
        members = encode_sample(sample, form)
    except OutOfRange as error:
        frame = int(sample.key.rpartition("-")[2])
        raise UserError(f"{path}, frame {frame}: {error}; raise the range's limit or leave it out") from None
    return tar_blocks(sample.key, members)


def _sample_format(workshop: Workshop) -> SampleFormat:
    options = workshop.options
    return SampleFormat(
        map_size=options.map_size,
        image_size=options.image_size,
        num_vertices=workshop.topology.num_vertices,
        displacement_limit_m=options.displacement_limit_m,
        body_limit_m=options.body_limit_m,
        image_format=options.image_format,
    )
