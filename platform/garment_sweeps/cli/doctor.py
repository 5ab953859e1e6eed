"""`garment doctor`: one function per thing that it looks at, each with what was found and how to mend it."""

import importlib.metadata
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from garment_sweeps.cli.group import example
from garment_sweeps.settings.environment import (
    Settings,
    cache_folder,
    existing,
    find_home,
    former_cache_folder,
    same_disk,
)
from garment_sweeps.settings.masking import masked
from garment_sweeps.settings.urls import without_login
from garment_uv.errors import UserError

GIB = 2**30
NEEDED_MEMORY_GIB = 4
NEEDED_DISK_GIB = 5


@dataclass(frozen=True)
class Check:
    """One finding."""

    name: str
    ok: bool
    found: str
    mend: str = ""
    needed: bool = True
    """False for what is merely good to have."""


def all_checks() -> list[Check]:
    """Every check, in order."""
    return [
        _python(),
        *(_package(name) for name in ("torch", "ray", "mlflow", "optuna", "warp-lang", "anny")),
        _accelerator(),
        _memory(),
        _disk(),
        _shard_cache(),
        _body_cache(),
        _home(),
        _tracking(),
        _study(),
        _storage(),
        _cluster(),
    ]


def warm_up() -> Iterator[str]:
    """Builds the open body's cache and compiles the S2S kernels, saying what took how long."""
    import numpy as np

    began = time.monotonic()
    from garment_uv.body import load_body
    from garment_uv.body.protocol import BodyParameters

    body = load_body("anny")
    body.pose(BodyParameters(0, np.zeros(10, np.float32), np.zeros(72, np.float32)))
    yield f"open body ready ({time.monotonic() - began:.0f} s)"
    began = time.monotonic()
    from garment_uv.geometry.s2s import surface_to_surface

    triangle = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32), np.array([[0, 1, 2]], np.int32)
    surface_to_surface(*triangle, *triangle)
    yield f"S2S kernels ready ({time.monotonic() - began:.0f} s)"


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    ok = (3, 11) <= sys.version_info[:2] <= (3, 12)
    return Check("python", ok, version, "" if ok else "use Python 3.11 or 3.12")


def _package(name: str) -> Check:
    try:
        return Check(name, True, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Check(name, False, "not installed", "make install, or pip install -e .")


def _accelerator() -> Check:
    import torch

    names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    found = ", ".join(names) or f"none; {os.cpu_count()} CPU cores"
    return Check("accelerator", bool(names), found, "" if names else "full-size experiments want a GPU", needed=False)


def _memory() -> Check:
    import psutil

    gib = psutil.virtual_memory().available / GIB
    mend = "" if gib >= NEEDED_MEMORY_GIB else f"free {NEEDED_MEMORY_GIB} GiB, or run fewer trials at once"
    return Check("memory", not mend, f"{gib:.1f} GiB free", mend)


def _disk() -> Check:
    return _room("disk", find_home(), "GARMENT_HOME")


def _shard_cache() -> Check:
    home, former = find_home(), former_cache_folder()
    folder = cache_folder(home)
    if not same_disk(folder, home):
        room = _room("shard cache", folder, "GARMENT_CACHE_DIR")
        if not room.ok:
            return room
        found = f"{folder}, {room.found}"
    else:
        found = f"{folder}, on the home's disk"
    old = former.is_dir() and former != folder
    mend = f"an older one lies unused in {former}: remove it, or move it to {folder}" if old else ""
    return Check("shard cache", not old, found, mend, needed=False)


def _room(name: str, folder: Path, setting: str) -> Check:
    """Whether the disk of a folder, which need not be there yet, has room."""
    gib = shutil.disk_usage(existing(folder)).free / GIB
    mend = "" if gib >= NEEDED_DISK_GIB else f"free {NEEDED_DISK_GIB} GiB, or set {setting} to another disk"
    return Check(name, not mend, f"{gib:.0f} GiB free at {existing(folder)}", mend)


def _body_cache() -> Check:
    from importlib import import_module

    folder = import_module("anny.paths").get_anny_cache_path()
    cached = folder.is_dir() and any(path.is_file() for path in folder.rglob("*"))
    return Check(
        "open body", cached, "ready" if cached else "not built yet", "" if cached else "garment doctor --warm", False
    )


def _home() -> Check:
    home = find_home()
    ok = os.access(existing(home), os.W_OK)
    return Check("home", ok, str(home), "" if ok else "set GARMENT_HOME to a folder that you may write to")


def _tracking() -> Check:
    from garment_sweeps.tracking import tracking_client, tracking_uri

    uri = tracking_uri()
    if uri.startswith("sqlite:///") and not os.path.exists(uri.removeprefix("sqlite:///")):
        return Check("mlflow store", True, f"{uri} (made by the first sweep)")
    return _tried("mlflow store", without_login(uri), lambda: tracking_client(uri))


def _study() -> Check:
    from garment_sweeps.study.study import open_storage

    url = Settings.from_environment().study_url
    if url.startswith("sqlite:///") and not os.path.exists(url.removeprefix("sqlite:///")):
        return Check("study database", True, f"{url} (made by the first sweep)")
    return _tried("study database", without_login(url), lambda: open_storage(url))


def _storage() -> Check:
    from garment_sweeps.storage.filesystem import check_storage

    storage = Settings.from_environment().storage
    return _tried("checkpoints", storage.uri, lambda: check_storage(storage))


def _cluster() -> Check:
    address = os.environ.get("RAY_ADDRESS")
    if not address:
        return Check("ray cluster", True, "none set: a local one per sweep")
    from garment_sweeps.ray.session import ray_session

    def connect() -> None:
        with ray_session(address):
            pass

    return _tried("ray cluster", address, connect)


def _tried(name: str, found: str, attempt: Callable[[], object]) -> Check:
    try:
        attempt()
    except UserError as error:
        return Check(name, False, found, masked(str(error)))
    return Check(name, True, found)


@click.command(epilog=example("garment doctor", "garment doctor --warm"))
@click.option("--warm", is_flag=True, help="Build what is built once: the open body's cache, the S2S kernels.")
def command(warm: bool) -> None:
    """Say what this machine has, what it lacks, and how to mend it; exit 1 where something needed is missing."""
    from garment_sweeps.cli.output import show

    if warm:
        for line in warm_up():
            click.echo(line)
    checks = all_checks()
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, pad_edge=False)
    for check in checks:
        mark = ("ok", "green") if check.ok else ("no", "red") if check.needed else ("--", "yellow")
        table.add_row(Text(*mark), check.name, check.found, check.mend)
    show(table)
    missing = [check.name for check in checks if check.needed and not check.ok]
    if missing:
        raise UserError(f"missing: {', '.join(missing)}; see the lines marked 'no'")
