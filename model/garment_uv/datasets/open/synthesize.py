"""Open sequences in CLOTH3D's layout: the entry point of the synthesis."""

import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from pydantic import Field

from garment_uv.config import Config
from garment_uv.datasets.cloth3d.writer import write_sequence
from garment_uv.datasets.open.cloth.sheets import CannotSimulate
from garment_uv.datasets.open.perform import ClothKind, perform_many
from garment_uv.datasets.open.plan import DEFAULT_SPLITS, SequencePlan, Variety, plan_sequences
from garment_uv.datasets.open.stage import Stage
from garment_uv.errors import UserError
from garment_uv.geometry.warp_device import warp_device
from garment_uv.outputs import check_replaceable, write_file

ORDER_FILE = "synthesis.json"
"""Beside the splits: what the folder was made from."""
LEFT_OUT_FILE = "left_out.json"
"""Beside it: folder to reason for each sequence whose cloth could not be simulated."""
_REVISION = 1
"""Goes up when the same order gives other sequences."""

_stage: Stage | None = None


class Hanging(Config):
    """Where cloth is simulated, and of how many sequences at once; on a CPU neither changes a bit of what comes out."""

    device: str = "cpu"
    """'cpu', 'cuda' or 'cuda:1': as torch names them."""
    at_once: int = Field(default=1, ge=1, le=256)
    """A CPU gains little by more than one; a GPU needs many to be filled."""


def synthesize(
    out: Path | str,
    sequences: int,
    frames: int,
    seed: int = 0,
    splits: Mapping[str, float] = DEFAULT_SPLITS,
    image_format: Literal["video", "frames"] = "video",
    progress: Callable[[int, int], None] | None = None,
    workers: int = 1,
    cloth: ClothKind = "procedural",
    variety: Variety = "basic",
    hanging: Hanging | None = None,
) -> list[Path]:
    """Write `sequences` folders `<out>/<split>/<5-digit id>` of `frames` images each; their paths, in order.

    `cloth` is 'procedural', shapes asked of each pose that lag and fold, or 'simulated', by the solver in `cloth`:
    slower, and a sequence whose cloth tears, crosses itself or ends in the body even when simulated finely is left
    out, with the reason in `<out>/left_out.json`. `hanging` says on which device, and how many at once. `variety` is
    'basic', the cuts, motions and cameras of the first sets, whose bytes it keeps, or 'full' (docs/variety.md).

    Every sequence has its own subject, outfit and motion, so none of a held-out split's is in another. The same
    arguments give the same bytes on a CPU, whatever `workers` (processes) is and how many are simulated at once; a
    GPU rounds otherwise, so one folder is made on CPUs or on GPUs. Sequences that are there already are kept, so
    an interrupted call can be repeated; UserError where `out` holds something made from other arguments.
    `progress(done, total)` is called after each sequence.
    """
    if image_format not in ("video", "frames"):
        raise UserError(f"image_format is 'video' or 'frames', was given {image_format!r}")
    if cloth not in get_args(ClothKind):
        raise UserError(f"cloth is 'procedural' or 'simulated', was given {cloth!r}")
    if workers < 1:
        raise UserError(f"workers must be at least 1, was given {workers}")
    hanging = _checked(hanging or Hanging(), cloth)
    out = Path(out)
    plans = plan_sequences(sequences, frames, seed, splits, variety)
    order = _order(sequences, frames, seed, splits, image_format)
    device = hanging.device.partition(":")[0]
    _place_order(out, order | _other_than_first(cloth=cloth, variety=variety, device=device))
    left_out = _left_out(out)
    missing = [plan for plan in plans if not (out / plan.folder).exists() and plan.folder not in left_out]
    done = len(plans) - len(missing)
    if progress:
        progress(done, len(plans))
    groups = [missing[first : first + hanging.at_once] for first in range(0, len(missing), hanging.at_once)]
    jobs = [_Job(group, out, image_format == "video", cloth, hanging.device) for group in groups]
    for folder, reason in _made(jobs, min(workers, len(jobs))):
        if reason:
            left_out[folder] = reason
            write_file(out / LEFT_OUT_FILE, json.dumps(left_out, indent=1, sort_keys=True) + "\n")
        done += 1
        if progress:
            progress(done, len(plans))
    return [out / plan.folder for plan in plans if plan.folder not in left_out]


def _checked(hanging: Hanging, cloth: ClothKind) -> Hanging:
    """`hanging` where it can be done; UserError where the device is not there or nothing is simulated."""
    if cloth == "procedural" and hanging != Hanging():
        raise UserError(
            f"device and at_once are for cloth='simulated'; cloth is {cloth!r}: leave them at 'cpu' and 1, were given"
            f" {hanging.device!r} and {hanging.at_once}"
        )
    if hanging.device != "cpu":
        warp_device(hanging.device)
    return hanging


def _order(sequences: int, frames: int, seed: int, splits: Mapping[str, float], image_format: str) -> dict[str, Any]:
    """What a folder is made from."""
    return {
        "revision": _REVISION, "anny": version("anny"), "sequences": sequences, "frames": frames, "seed": seed,
        "splits": {name: float(share) for name, share in splits.items()}, "image_format": image_format,
    }  # fmt: skip


def _other_than_first(**chosen: str) -> dict[str, str]:
    """What of an order is not as the first sets had it, whose order files know nothing of it."""
    first = {"cloth": "procedural", "variety": "basic", "device": "cpu"}
    return {name: value for name, value in chosen.items() if value != first[name]}


def _place_order(out: Path, order: dict[str, Any]) -> None:
    """Write the order into the folder, or compare it with what is there."""
    check_replaceable(out, None)
    path = out / ORDER_FILE
    if path.exists():
        if _read(path) != order:
            raise UserError(f"{out} was synthesized from other arguments ({path.name} differs): choose another folder")
        return
    if out.exists() and any(out.iterdir()):
        raise UserError(f"{out} is not empty and has no {ORDER_FILE}: choose a new folder")
    write_file(path, json.dumps(order, indent=1) + "\n")


def _left_out(out: Path) -> dict[str, str]:
    """What an earlier call left out, which the same order would leave out again."""
    path = out / LEFT_OUT_FILE
    found = _read(path) if path.exists() else {}
    if not isinstance(found, dict):
        raise UserError(f"{path} is damaged: remove it, and what it named is tried again")
    return found


def _read(path: Path) -> Any:
    """The file's JSON; None where it is none."""
    try:
        return json.loads(path.read_text())
    except json.JSONDecodeError:
        return None


class _Job(NamedTuple):
    """What one process is told."""

    plans: list[SequencePlan]
    """Simulated together."""
    out: Path
    as_video: bool
    cloth: ClothKind
    device: str


def _made(jobs: list[_Job], workers: int) -> Iterator[tuple[str, str]]:
    """Do every job; yields each sequence's folder, and the reason where it was left out."""
    if workers < 2:
        for job in jobs:
            yield from _make(job)
        return
    with _single_threaded(), multiprocessing.get_context("spawn").Pool(workers) as pool:
        for made in pool.imap_unordered(_make_all, jobs):
            yield from made


def _make_all(job: _Job) -> list[tuple[str, str]]:
    return list(_make(job))


def _make(job: _Job) -> Iterator[tuple[str, str]]:
    global _stage
    if _stage is None:
        _stage = Stage()
    performed = perform_many(_stage, job.plans, job.cloth, job.device)
    for plan, done in zip(job.plans, performed, strict=True):
        if isinstance(done, CannotSimulate):
            yield plan.folder, str(done)
            continue
        pictures = done.pictures()
        write_sequence(job.out / plan.folder, done.info, done.garments, pictures, job.as_video, done.textures)
        yield plan.folder, ""


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
