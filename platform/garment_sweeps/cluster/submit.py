"""Sends the working directory to a cluster and runs `garment sweep` there, through Ray Jobs."""

import os
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from garment_sweeps.cluster.session import QUIET
from garment_sweeps.cluster.settings import find_home
from garment_uv.errors import UserError

LIMIT_BYTES = 100 * 2**20
"""Ray's dashboard takes no larger working directory."""
EXCLUDES = (".garment", ".git", ".venv", "build", "dist", "__pycache__", "*.pyc", "*.egg-info")
"""Left behind, beside what .gitignore names."""


def submit(address: str, arguments: list[str], environment: dict[str, str], folder: Path | str = ".") -> str:
    """Submits `garment sweep ARGUMENTS` with `folder` as working directory and returns the job's id.

    The submitted code is used, not what the cluster's image has installed. The job's driver takes no CPU.

    Args:
        address: URL of the dashboard.
        arguments: of `garment sweep`.
        environment: set for the job and all its trials; visible to everybody on the cluster, so not for keys.
        folder: what is sent.

    Raises:
        UserError: the folder is too large to send, or nothing answers at `address`.
    """
    folder = Path(folder).resolve()
    check_size(folder)
    client = _client(address)
    variables = {**QUIET, **_same_machine(address), **environment, "PYTHONPATH": "model:platform"}
    try:
        return client.submit_job(
            entrypoint=shlex.join(["python", "-m", "garment_sweeps.cli.main", "sweep", *arguments]),
            runtime_env={"working_dir": str(folder), "excludes": list(EXCLUDES), "env_vars": variables},
            entrypoint_num_cpus=0,
        )
    except (ConnectionError, RuntimeError) as error:
        raise UserError(f"the cluster at {address} refused the job: {_first_line(error)}") from None


def follow(address: str, job: str, write: Callable[[str], None]) -> str:
    """Passes the job's output to `write` until it ends and returns its status, as 'SUCCEEDED'."""
    import asyncio

    client = _client(address)

    async def tail() -> None:
        async for text in client.tail_job_logs(job):
            write(text)

    asyncio.run(tail())
    return str(client.get_job_status(job).value)


def check_size(folder: Path) -> int:
    """Bytes that would be sent; UserError that names the largest files where they are too many."""
    sizes = {path: path.stat().st_size for path in _files(folder)}
    total = sum(sizes.values())
    if total > LIMIT_BYTES:
        largest = sorted(sizes, key=sizes.get, reverse=True)[:3]
        shown = ", ".join(f"{path.relative_to(folder)} ({sizes[path] / 2**20:.0f} MiB)" for path in largest)
        raise UserError(
            f"{folder} holds {total / 2**20:.0f} MiB, Ray takes {LIMIT_BYTES // 2**20}; move away or .gitignore: {shown}"
        )
    return total


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not _excluded(name)]
        yield from (Path(root) / name for name in files if not _excluded(name) and not (Path(root) / name).is_symlink())


def _excluded(name: str) -> bool:
    from fnmatch import fnmatch

    return any(fnmatch(name, pattern) for pattern in EXCLUDES)


def _same_machine(address: str) -> dict[str, str]:
    """On this very machine the job shares the home; elsewhere the nodes' own environment says where it is."""
    if urlsplit(address).hostname not in {"127.0.0.1", "localhost", "::1"}:
        return {}
    return {"GARMENT_HOME": str(find_home())}


def _client(address: str):
    from ray.job_submission import JobSubmissionClient

    try:
        return JobSubmissionClient(address)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise UserError(
            f"no Ray dashboard answers at {address} ({_first_line(error)}); give its URL, as http://head:8265"
        ) from None


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
