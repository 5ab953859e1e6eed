"""Raw sequences to a dataset: register, unwrap, encode, shard; what cannot be used is left out and listed.

Each sequence becomes a part, and parts are joined into shards (`jobs.py`), by whichever crew there is (`crew.py`), in
the order that `flow.py` fixes. All of it is recorded beside the dataset (`staging.py`): a run that is killed anywhere
is gone on with, and ends with the bytes of one that was left alone.

One part a sequence would not do without these: shards hold the samples of many sequences, what lies between is bounded
however many there are, and workers on other nodes come and go.
"""

import json
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from garment_uv.body.protocol import BodyModel
from garment_uv.body.topology import build_topology
from garment_uv.datasets.raw import FolderRaw, RawSequence, RawSource
from garment_uv.errors import UserError
from garment_uv.files import file_digest
from garment_uv.outputs import FULL
from garment_uv.samples.config import PrepareOptions
from garment_uv.samples.crew import CrewMaker, this_process, worker_processes
from garment_uv.samples.flow import Flow, PartRecord, ShardRecord, go_on
from garment_uv.samples.flows import Flows
from garment_uv.samples.frames import Workshop
from garment_uv.samples.jobs import Outlet, Preparation, part_file
from garment_uv.samples.manifest import ATLAS_KEY, LABELLED, PLAIN, AtlasEntry, BodyEntry, Manifest
from garment_uv.samples.sink import DatasetSink
from garment_uv.samples.staging import Staging
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.build import build_atlas

Progress = Callable[[int, int], None]
_AHEAD = 4
"""Sequences, as a multiple of the jobs under way, that may be encoded before the first that is not done."""
_METHOD = 2
"""To be raised where another version makes other bytes of the same sequence: what it left half done is no use."""


@dataclass(frozen=True)
class Order:
    """One dataset to be made."""

    sink: DatasetSink
    options: PrepareOptions


def prepare(
    raw: RawSource | Path | str,
    sink: DatasetSink,
    body: BodyModel,
    options: PrepareOptions,
    workers: int = 1,
    progress: Progress | None = None,
    crew: CrewMaker | None = None,
) -> Manifest:
    """Makes the dataset of all sequences of `raw` in `sink`, and returns its manifest, which is written last.

    A sequence that cannot be used (a file missing or broken, a displacement beyond the range) is left out and
    listed with its reason. On any error what is done is kept: the next call of the same plan, that is body, options
    and sink, does only what is missing. The bytes are the same with any number of `workers`, processes on this
    machine, and with any other `crew`.
    `progress(done, total)` counts sequences. UserError when nothing can be read or written, or no sequence is
    left.
    """
    return prepare_together(raw, [Order(sink, options)], body, workers, progress, crew)[0]


def prepare_together(
    raw: RawSource | Path | str,
    orders: list[Order],
    body: BodyModel,
    workers: int = 1,
    progress: Progress | None = None,
    crew: CrewMaker | None = None,
) -> list[Manifest]:
    """Makes several datasets as `prepare` makes each, reading every sequence once; their manifests in order.

    Each has the bytes that it would have alone, and each goes on by itself with what an earlier call left.
    """
    if workers < 1:
        raise UserError(f"--workers takes 1 or more, was given {workers}")
    raw = FolderRaw(raw) if isinstance(raw, Path | str) else raw
    sequences = raw.sequences()
    for split in sorted({item.split for item in sequences}):
        if not re.fullmatch(r"[A-Za-z0-9_]+", split):
            raise UserError(f"{raw.uri}/{split}: a split's name takes letters, digits and '_'; rename the folder")
    try:
        found = [order.sink.begin(_plan_of(body, order.options)) for order in orders]
        missing = [order for order, manifest in zip(orders, found, strict=True) if manifest is None]
        if missing:
            preparation = Preparation(raw, _outlets(body, missing))
            flows = [_with_records(o.sink.staging, sequences, o.options.samples_per_shard) for o in missing]
            maker = crew or (this_process if workers == 1 else partial(worker_processes, count=workers))
            _run(Flows(flows), preparation, maker, len(sequences), progress)
            made = iter([_published(flow, outlet) for flow, outlet in zip(flows, preparation.outlets, strict=True)])
        return [next(made) if manifest is None else manifest for manifest in found]
    except OSError as error:
        if error.errno in FULL:
            raise UserError(
                f"no space left while preparing ({error.filename or tempfile.gettempdir()}); "
                "free some, or set TMPDIR to another disk; the same command goes on"
            ) from None
        raise
    finally:
        for order in orders:
            order.sink.release()


def _outlets(body: BodyModel, orders: list[Order]) -> tuple[Outlet, ...]:
    topologies = {count: build_topology(body, count) for count in {order.options.subdivisions for order in orders}}
    outlets = []
    for order in orders:
        topology = topologies[order.options.subdivisions]
        atlas = build_atlas(topology, order.options.map_size, order.options.layout)
        outlets.append(Outlet(Workshop(body, topology, atlas, order.options), order.sink))
    return tuple(outlets)


def _published(flow: Flow, outlet: Outlet) -> Manifest:
    """Writes the manifest of a dataset whose shards are all there."""
    if not flow.entries:
        first = flow.left_out[0].reason
        outlet.sink.abort()
        raise UserError(f"none of {len(flow.left_out)} sequences could be prepared; the first: {first}")
    manifest = _manifest(flow, outlet)
    outlet.sink.publish(manifest)
    return manifest


def _plan_of(body: BodyModel, options: PrepareOptions) -> bytes:
    plan = {"method": _METHOD, "schema": _schema(options), "body": body.digest, "options": options.plain()}
    return json.dumps(plan, sort_keys=True).encode()


def _schema(options: PrepareOptions) -> Literal[2, 3]:
    return LABELLED if options.labels else PLAIN


def _with_records(staging: Staging, sequences: list[RawSequence], samples_per_shard: int) -> Flow:
    names = staging.names()
    stored = {Path(name).stem for name in names if name.startswith("parts/") and name.endswith(".part")}

    def records(start: str) -> list[bytes]:
        wanted = [name for name in names if name.startswith(start) and name.endswith(".json")]
        return [data for data in staging.read_many(wanted) if data is not None]

    parts = [PartRecord.model_validate_json(data) for data in records("parts/")]
    shards = [ShardRecord.model_validate_json(data) for data in records("shards/")]
    flow = go_on(sequences, samples_per_shard, parts, shards, stored)
    staging.delete([part_file(key) for key in flow.spent() if key in stored])
    return flow


def _run(flows: Flows, preparation: Preparation, crew: CrewMaker, total: int, progress: Progress | None) -> None:
    """Hands out tasks and takes what became of them until all is done."""
    told = 0

    def tell() -> None:
        nonlocal told
        if progress is not None and flows.sequences_done > told:
            told = flows.sequences_done
            progress(told, total)

    tell()
    if flows.is_done:
        return
    with crew(preparation) as hands:
        under_way = 0
        while not flows.is_done:
            room = hands.room()
            while under_way < room and (task := flows.next_task(_AHEAD * room)) is not None:
                hands.begin(task)
                under_way += 1
            for ended in hands.finished():
                under_way -= 1
                for done in ended:
                    flows.done(done)
                tell()
            for flow, outlet in zip(flows.flows, preparation.outlets, strict=True):
                outlet.sink.staging.delete([part_file(key) for key in flow.spent()])


def _manifest(flow: Flow, outlet: Outlet) -> Manifest:
    workshop, options = outlet.workshop, outlet.workshop.options
    with tempfile.TemporaryDirectory(prefix="garment-prepare-") as folder:
        atlas = _store_atlas(workshop.atlas, outlet.sink, Path(folder))
    return Manifest(
        schema_version=_schema(options),
        body=BodyEntry(name=workshop.body.name, body_digest=workshop.body.digest),
        atlas=atlas,
        image_size=options.image_size,
        image_format=options.image_format,
        displacement_limit_m=options.displacement_limit_m,
        body_limit_m=options.body_limit_m,
        fill=options.fill,
        subdivisions=options.subdivisions,
        every=options.every,
        evaluation_splits=options.evaluation_splits,
        shards=flow.shards,
        sequences=tuple(flow.entries),
        left_out=tuple(flow.left_out),
    )


def _store_atlas(atlas: Atlas, sink: DatasetSink, folder: Path) -> AtlasEntry:
    path = folder / ATLAS_KEY
    atlas.save(path)
    size, sha256 = file_digest(path)
    sink.put(ATLAS_KEY, path)
    return AtlasEntry(
        bytes=size, sha256=sha256, atlas_digest=atlas.digest, size=atlas.size, num_vertices=atlas.num_vertices
    )
