"""Where a number came from: code, machine and person."""

import getpass
import importlib.metadata
import os
import platform
import subprocess
import sys
from functools import cache
from pathlib import Path


@cache
def git_commit() -> str:
    """Commit of the working tree, with '+changes' where it is dirty; `GARMENT_GIT_COMMIT` where there is no git."""
    given = os.environ.get("GARMENT_GIT_COMMIT")
    if given:
        return given
    try:
        commit = _git("rev-parse", "HEAD")
        return commit + ("+changes" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return "unknown"


@cache
def hardware() -> dict[str, str]:
    """What this process runs on: processor, cores, memory, accelerator.

    The accelerator is torch's, where this process has loaded it; one that has not uses none.
    """
    import psutil

    torch = sys.modules.get("torch")
    devices = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())] if torch else []
    return {
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": str(psutil.cpu_count()),
        "memory_gib": f"{psutil.virtual_memory().total / 2**30:.0f}",
        "accelerator": ", ".join(devices) or "none",
        "python": platform.python_version(),
        "torch": importlib.metadata.version("torch"),
    }


def user() -> str:
    """Name of whoever runs this, or 'unknown'."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True, timeout=10)
    return done.stdout.strip()


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"
