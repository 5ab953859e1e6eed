"""Which code runs here: the commit, and what differs from it, as git knows them."""

import base64
import os
import subprocess
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from garment_sweeps.settings.masking import masked

COMMIT, DIFF = "GARMENT_GIT_COMMIT", "GARMENT_GIT_DIFF"
"""Environment variables that say it where the code was copied without git: into an image, or to a cluster."""
CHANGED = "+changes"
"""Ends the commit's name where the code is not quite that commit."""
UNKNOWN = "unknown"
FOLDERS = ("experiments", "model", "platform")
"""A Python file in one of them is code, also where git has not been told of it."""
DIFF_BYTES = 2**20
"""A longer diff is cut."""
SENT_BYTES = 32 * 2**10
"""A diff that is longer when it is packed does not travel in the environment."""
GIT_S = 20

_PLAIN_DIFF = ("diff", "--no-ext-diff", "--no-textconv", "--no-color")


@dataclass(frozen=True)
class CodeState:
    """What git says of the code."""

    commit: str = UNKNOWN
    """With '+changes' where there are any; 'unknown' where nobody can tell."""
    changes: tuple[str, ...] = ()
    """Changed and new files, relative to the repository's root, in order."""
    diff: str = ""
    """From the commit to the code, new files included; cut at `DIFF_BYTES`."""


def code_state(folder: Path | None = None, experiment_file: Path | None = None) -> CodeState:
    """The state of the repository that holds this very file, or else of what the environment says.

    Args:
        folder: a repository to ask instead.
        experiment_file: counts as code wherever it lies in the repository, also where git ignores it.
    """
    folder = folder or _own_repository()
    if folder is not None:
        try:
            return _ask(folder, experiment_file)
        except (OSError, subprocess.SubprocessError):
            pass
    try:
        diff = zlib.decompress(base64.b64decode(os.environ.get(DIFF, ""))).decode()
    except (ValueError, zlib.error):
        diff = ""
    names = [line.removeprefix("+++ b/") for line in diff.splitlines() if line.startswith("+++ b/")]
    return CodeState(os.environ.get(COMMIT) or UNKNOWN, tuple(names), diff)


def to_environment(state: CodeState) -> dict[str, str]:
    """Variables from which `code_state` reads the same where there is no git, without secrets.

    A long diff is left out.
    """
    if state.commit == UNKNOWN:
        return {}
    packed = base64.b64encode(zlib.compress(masked(state.diff).encode(errors="replace"), 9)).decode()
    return {COMMIT: state.commit, **({DIFF: packed} if state.diff and len(packed) <= SENT_BYTES else {})}


@cache
def git_commit() -> str:
    """Commit of the code of this process, as `CodeState` has it."""
    return code_state().commit


@cache
def _own_repository() -> Path | None:
    """The repository that tracks the files around this one; None for a copy without, or inside another project."""
    here = Path(__file__).resolve().parent
    try:
        return Path(_git(here, "rev-parse", "--show-toplevel").strip()) if _git(here, "ls-files") else None
    except (OSError, subprocess.SubprocessError):
        return None


def _ask(folder: Path, experiment_file: Path | None) -> CodeState:
    root = Path(_git(folder, "rev-parse", "--show-toplevel").strip())
    commit = _git(root, "rev-parse", "HEAD").strip()
    code = [f":(glob){name}/**/*.py" for name in FOLDERS]
    new = _names(_git(root, "ls-files", "-z", "--others", "--exclude-standard", "--", *code))
    if experiment_file is not None and experiment_file.resolve().is_relative_to(root):
        new |= _names(_git(root, "ls-files", "-z", "--others", "--", str(experiment_file.resolve())))
    changed = _names(_git(root, "diff", "-z", "--name-only", "HEAD"))
    if not (new or changed):
        return CodeState(commit)
    diff = _git(root, *_PLAIN_DIFF, "HEAD")
    for name in sorted(new):
        diff += _git(root, *_PLAIN_DIFF, "--no-index", "--", "/dev/null", name, statuses=(0, 1))
    return CodeState(commit + CHANGED, tuple(sorted(new | changed)), diff[:DIFF_BYTES])


def _names(listed: str) -> set[str]:
    return {name for name in listed.split("\0") if name}


def _git(folder: Path, *arguments: str, statuses: tuple[int, ...] = (0,)) -> str:
    command = ["git", "-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-C", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, timeout=GIT_S)
    if done.returncode not in statuses:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
    return done.stdout.decode(errors="replace")
