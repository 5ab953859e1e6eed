"""Sends the working directory to a cluster and runs `garment sweep` there, through Ray Jobs."""

import os
import shlex
import subprocess
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from urllib.parse import urlsplit

from garment_sweeps.ray.session import QUIET
from garment_sweeps.settings.environment import find_home
from garment_sweeps.settings.masking import first_line
from garment_sweeps.settings.urls import holds_secret
from garment_uv.errors import UserError

LIMIT_BYTES = 100 * 2**20
"""Ray's dashboard takes no larger working directory."""
OUR_WORD = "garment: "
"""Begins the one line in which the command says what is wrong."""
SAID_LINES = 200
EXCLUDES = (".garment", ".git", ".venv", "build", "dist", "__pycache__", "*.pyc", "*.egg-info")
"""Left behind, beside what .gitignore names."""


SENT = ("GARMENT_STORAGE", "GARMENT_OPTUNA_STORAGE", "MLFLOW_TRACKING_URI", "AWS_ENDPOINT_URL_S3", "GARMENT_PREFLIGHT")
"""Settings of the caller that the job gets too."""
SWEEP_MODULE, PREFLIGHT_MODULE = "garment_sweeps.cli.main", "garment_sweeps.ray.preflight"


def settings_to_send(environment: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Those of the caller's settings that may travel, and a line for each that may not.

    A job's environment is visible to everybody on the cluster, so what holds a password stays behind; so does a
    folder that is named from the caller's own.
    """
    sent, notes = {}, []
    for name in SENT:
        value = environment.get(name)
        if not value:
            continue
        if holds_secret(value):
            notes.append(f"{name} holds a password and is not sent: set it where the cluster's nodes start")
        elif name == "GARMENT_STORAGE" and "://" not in value and not Path(value).is_absolute():
            notes.append(f"{name} is {value!r}, a folder of this machine, and is not sent: make it absolute or s3://")
        else:
            sent[name] = value
    return sent, notes


def submit(
    address: str,
    arguments: list[str],
    environment: dict[str, str],
    folder: Path | str = ".",
    preflight_only: bool = False,
) -> str:
    """Submits `garment sweep ARGUMENTS` with `folder` as working directory and returns the job's id.

    The submitted code is used, not what the cluster's image has installed. The job's driver takes no CPU.

    Args:
        address: URL of the dashboard.
        arguments: of `garment sweep`.
        environment: set for the job and all its trials; visible to everybody on the cluster, so not for keys.
        folder: what is sent.
        preflight_only: look whether the cluster could run the sweep, and begin nothing; `arguments` are then the
            experiment and changes to its base config as PATH=VALUE.

    Raises:
        UserError: the folder is too large to send, or nothing answers at `address`.
    """
    folder = Path(folder).resolve()
    excludes = [*EXCLUDES, *_ignored_by_git(folder)]
    check_size(folder, excludes)
    client = _client(address)
    variables = {**QUIET, **_same_machine(address), **environment, "PYTHONPATH": "model:platform"}
    command = [PREFLIGHT_MODULE] if preflight_only else [SWEEP_MODULE, "sweep"]
    try:
        return client.submit_job(
            entrypoint=shlex.join(["python", "-m", *command, *arguments]),
            runtime_env={"working_dir": str(folder), "excludes": excludes, "env_vars": variables},
            entrypoint_num_cpus=0,
        )
    except (OSError, RuntimeError) as error:  # Ray's client lets pass what its HTTP library raises, an OSError
        raise UserError(
            f"the cluster at {address} did not take the job ({first_line(error)}); see `ray job list --address "
            f"{address}`, and try again"
        ) from None


def follow(address: str, job: str, write: Callable[[str], None]) -> tuple[str, str]:
    """Passes the job's output to `write` until it ends.

    Returns its status, as 'SUCCEEDED', and the line in which `garment` said there what was wrong, '' if it did not.
    """
    import asyncio

    import aiohttp

    client = _client(address)
    lines_printed: deque[str] = deque(maxlen=SAID_LINES)

    async def tail() -> None:
        async for text in client.tail_job_logs(job):
            write(text)
            lines_printed.extend(text.splitlines())

    try:
        asyncio.run(tail())
        status = str(client.get_job_status(job).value)
    except (OSError, RuntimeError, aiohttp.ClientError) as error:
        raise UserError(
            f"lost sight of job {job} ({first_line(error)}); it may be running still: "
            f"ray job logs --follow {job} --address {address}"
        ) from None
    lines = [line.removeprefix(OUR_WORD) for line in lines_printed if line.startswith(OUR_WORD)]
    return status, lines[-1] if lines else ""


def check_size(folder: Path, excludes: Sequence[str] = EXCLUDES) -> int:
    """Bytes that would be sent; UserError that names the largest files where they are too many."""
    sizes = {path: path.stat().st_size for path in _files(folder, excludes)}
    total = sum(sizes.values())
    if total > LIMIT_BYTES:
        largest = sorted(sizes, key=lambda path: sizes[path], reverse=True)[:3]
        shown = ", ".join(f"{path.relative_to(folder)} ({sizes[path] / 2**20:.0f} MiB)" for path in largest)
        raise UserError(
            f"{folder} holds {total / 2**20:.0f} MiB, Ray takes {LIMIT_BYTES // 2**20}; .gitignore or move: {shown}"
        )
    return total


def _files(folder: Path, excludes: Sequence[str]) -> Iterator[Path]:
    def kept(path: Path) -> bool:
        place = path.relative_to(folder).as_posix()
        return not any(fnmatch(path.name, pattern) or place == pattern.strip("/") for pattern in excludes)

    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if kept(Path(root) / name)]
        paths = (Path(root) / name for name in files)
        yield from (path for path in paths if kept(path) and not path.is_symlink())


def _ignored_by_git(folder: Path) -> list[str]:
    """What git ignores, from whichever of its files; Ray itself reads .gitignore only."""
    command = ["git", "-C", str(folder), "ls-files", "--others", "--ignored", "--exclude-standard", "--directory"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return []
    return [f"/{line}" for line in done.stdout.splitlines() if not line.endswith("__pycache__/")]


def _same_machine(address: str) -> dict[str, str]:
    """On this very machine the job shares the home; elsewhere the nodes' own environment says where it is."""
    if urlsplit(address).hostname not in {"127.0.0.1", "localhost", "::1"}:
        return {}
    return {"GARMENT_HOME": str(find_home())}


def _client(address: str):
    from ray.job_submission import JobSubmissionClient

    if not address.startswith(("http://", "https://")):  # Ray would take it for something else, and wait long
        raise UserError(f"--address takes the URL of the cluster's dashboard, as http://head:8265; given: {address!r}")
    try:
        return JobSubmissionClient(address)
    except (OSError, RuntimeError, ValueError) as error:
        raise UserError(
            f"no Ray dashboard answers at {address} ({first_line(error)}); give its URL, as http://head:8265"
        ) from None
