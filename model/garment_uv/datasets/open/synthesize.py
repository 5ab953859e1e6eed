"""Open sequences in CLOTH3D's layout: the entry point of the synthesis."""

import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from garment_uv.datasets.cloth3d.writer import write_sequence
from garment_uv.datasets.open.perform import Stage
from garment_uv.datasets.open.plan import DEFAULT_SPLITS, SequencePlan, plan_sequences
from garment_uv.errors import UserError
from garment_uv.outputs import check_replaceable, write_file

ORDER_FILE = "synthesis.json"
"""Beside the splits: what the folder was made from."""
_REVISION = 1
"""Goes up when the same order gives other sequences."""

_stage: Stage | None = None


def synthesize(
    out: Path | str,
    sequences: int,
    frames: int,
    seed: int = 0,
    splits: Mapping[str, float] = DEFAULT_SPLITS,
    image_format: Literal["video", "frames"] = "video",
    progress: Callable[[int, int], None] | None = None,
    workers: int = 1,
) -> list[Path]:
    """Write `sequences` folders `<out>/<split>/<5-digit id>` of `frames` images each; their paths, in order.

    Every sequence has its own subject, outfit and motion, so none of a held-out split's is in another. The same
    arguments give the same bytes, whatever `workers` (processes) is. Sequences that are there already are kept, so
    an interrupted call can be repeated; UserError where `out` holds something made from other arguments.
    `progress(done, total)` is called after each sequence.
    """
    if image_format not in ("video", "frames"):
        raise UserError(f"image_format is 'video' or 'frames', was given {image_format!r}")
    if workers < 1:
        raise UserError(f"workers must be at least 1, was given {workers}")
    out = Path(out)
    plans = plan_sequences(sequences, frames, seed, splits)
    _place_order(out, sequences, frames, seed, splits, image_format)
    missing = [plan for plan in plans if not (out / plan.folder).exists()]
    done = len(plans) - len(missing)
    if progress:
        progress(done, len(plans))
    for _ in _made(missing, out, image_format == "video", min(workers, len(missing))):
        done += 1
        if progress:
            progress(done, len(plans))
    return [out / plan.folder for plan in plans]


def _place_order(out: Path, sequences: int, frames: int, seed: int, splits: Mapping[str, float], image_format: str):
    """Write what the folder is made from, or compare with what is there."""
    order = {
        "revision": _REVISION, "anny": version("anny"), "sequences": sequences, "frames": frames, "seed": seed,
        "splits": {name: float(share) for name, share in splits.items()}, "image_format": image_format,
    }  # fmt: skip
    check_replaceable(out, None)
    path = out / ORDER_FILE
    if path.exists():
        try:
            found = json.loads(path.read_text())
        except json.JSONDecodeError:
            found = None
        if found != order:
            raise UserError(f"{out} was synthesized from other arguments ({path.name} differs): choose another folder")
        return
    if out.exists() and any(out.iterdir()):
        raise UserError(f"{out} is not empty and has no {ORDER_FILE}: choose a new folder")
    write_file(path, json.dumps(order, indent=1) + "\n")


def _made(plans: list[SequencePlan], out: Path, as_video: bool, workers: int) -> Iterator[str]:
    """Make every plan; yields as each is written."""
    jobs = [(plan, out, as_video) for plan in plans]
    if workers < 2:
        yield from map(_make, jobs)
        return
    with _single_threaded(), multiprocessing.get_context("spawn").Pool(workers) as pool:
        yield from pool.imap_unordered(_make, jobs)


def _make(job: tuple[SequencePlan, Path, bool]) -> str:
    global _stage
    plan, out, as_video = job
    if _stage is None:
        _stage = Stage()
    done = _stage.perform(plan)
    write_sequence(out / plan.folder, done.info, done.garments, done.pictures(), as_video, done.textures)
    return plan.folder


@contextmanager
def _single_threaded() -> Iterator[None]:
    """Children started inside use one numerical thread each: they share the machine's cores among themselves."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before
