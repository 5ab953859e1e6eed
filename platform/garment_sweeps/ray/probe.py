"""What one node answers when it is asked, before any trial, whether trials could run on it.

Nothing here raises: what is wrong is said in the answer, in words. It imports little, since seconds count.
"""

import importlib.metadata
import platform
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from garment_sweeps.ray.probe_checks import cache_gib, check_storage_from_here, check_tracking, free_gib, gpus_seen
from garment_sweeps.settings.code import code_digest
from garment_sweeps.settings.masking import first_line
from garment_sweeps.storage.manifest_digest import manifest_digest

PACKAGES = ("ray", "optuna", "mlflow", "torch", "garment-sweeps")


@dataclass(frozen=True)
class Question:
    """What every node is asked."""

    storage: dict[str, str]
    """A StorageConfig, plain."""
    folder: str
    """Below the storage; the driver has written its token there."""
    token: str
    home: str
    tracking_uri: str | None
    dataset_uri: str | None
    """None where no trial reads one."""
    gpus: bool
    """Whether to ask torch for GPUs, which takes seconds."""
    seconds: float
    """For all checks together, which run side by side."""


@dataclass(frozen=True)
class NodeAnswer:
    """What one node said. A text in `wrong` is what failed; a check that is not there went well."""

    versions: dict[str, str]
    """Of Python and of `PACKAGES`; '' where there is none."""
    code: str
    """See `garment_sweeps.settings.code.code_digest`."""
    wrong: dict[str, str] = field(default_factory=dict)
    """By check: storage, tracking, dataset, gpus, home, cache."""
    facts: dict[str, Any] = field(default_factory=dict)
    """'home_gib' free on the home's disk, 'cache_gib' on the shard cache's where that is another, 'gpus' that torch
    sees, 'manifest' digest of the dataset."""


def answer(question: Question, name: str) -> NodeAnswer:
    """Runs all checks side by side, on the node called `name`; one that hangs is left behind and named."""
    checks: dict[str, Callable[[], dict[str, Any]]] = {
        "storage": lambda: check_storage_from_here(question.storage, question.folder, question.token, name),
        "home": lambda: {"home_gib": free_gib(question.home)},
    }
    if question.tracking_uri:
        checks["tracking"] = lambda: check_tracking(question.tracking_uri)  # type: ignore[arg-type]
    if question.dataset_uri:
        checks["dataset"] = lambda: {"manifest": manifest_digest(question.dataset_uri)}  # type: ignore[arg-type]
        if question.dataset_uri.startswith("s3://"):
            checks["cache"] = lambda: cache_gib(question.home)
    if question.gpus:
        checks["gpus"] = lambda: {"gpus": gpus_seen(question.seconds)}
    wrong, facts = side_by_side(checks, question.seconds)
    return NodeAnswer(versions(), code_digest(), wrong, facts)


def versions() -> dict[str, str]:
    """Versions without their local part: 2.13.0+cpu and 2.13.0+cu128 are the same torch."""
    by_package = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            by_package[name] = importlib.metadata.version(name).partition("+")[0]
        except importlib.metadata.PackageNotFoundError:
            by_package[name] = ""
    return by_package


def side_by_side(checks: dict[str, Callable[[], dict]], seconds: float) -> tuple[dict[str, str], dict[str, Any]]:
    """What is wrong, by check, and what was found by those that went well; none takes longer than `seconds`."""
    wrong = {name: f"no answer within {seconds:g} s" for name in checks}
    facts: dict[str, Any] = {}

    def run(name: str) -> None:
        try:
            facts.update(checks[name]())
            del wrong[name]
        except Exception as error:  # whatever it is, it is what the user must read
            wrong[name] = first_line(getattr(error, "orig", None) or error, 160)

    threads = [threading.Thread(target=run, args=(name,), daemon=True) for name in checks]
    for thread in threads:
        thread.start()
    end = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    return dict(wrong), dict(facts)
