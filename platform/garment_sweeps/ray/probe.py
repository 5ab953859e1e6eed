"""What one node answers when it is asked, before any trial, whether trials could run on it.

`answer` raises nothing: what is wrong is said in words. Each check returns what it found and raises what is wrong. Few
imports, since seconds count, and all of our own at the top: the checks' threads must not be the first to import a
module, since imports that wait for each other end in errors.
"""

import base64
import importlib.metadata
import json
import os
import platform
import shutil
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from garment_sweeps.settings.code import code_digest
from garment_sweeps.settings.environment import StorageConfig, cache_folder, existing, own_uri, same_disk
from garment_sweeps.settings.masking import first_line
from garment_sweeps.settings.urls import login_of, without_login
from garment_sweeps.storage.filesystem import manifest_digest, open_filesystem

PACKAGES = ("ray", "optuna", "mlflow", "torch", "garment-sweeps")
CONNECT_S, ANSWER_S = 3.0, 6.0
"""Seconds that one request may take to connect and to be answered."""


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
    if tracking := question.tracking_uri:
        checks["tracking"] = lambda: check_tracking(tracking)
    if dataset := question.dataset_uri:
        checks["dataset"] = lambda: {"manifest": manifest_digest(dataset)}
        if dataset.startswith("s3://"):
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


def check_storage_from_here(storage: dict[str, str], folder: str, token: str, name: str) -> dict[str, Any]:
    """Reads what the driver wrote into `folder` of the storage, then writes, reads and deletes a file of its own."""
    filesystem, root = open_filesystem(StorageConfig.from_plain(storage), hasty=True)
    try:
        with filesystem.open_input_stream(f"{root}/{folder}/driver") as stream:
            seen = stream.read().decode()
    except FileNotFoundError:
        seen = ""
    if seen != token:
        raise ValueError("it does not see what the driver wrote there")
    own = f"{root}/{folder}/{name}"
    with filesystem.open_output_stream(own) as stream:
        stream.write(token.encode())
    with filesystem.open_input_stream(own) as stream:
        if stream.read().decode() != token:
            raise ValueError("what is written there comes back changed")
    filesystem.delete_file(own)
    return {}


def check_tracking(uri: str) -> dict[str, Any]:
    """One request of the kind that trials make, with this process's own login."""
    uri = own_uri(uri)
    if uri.startswith("sqlite:///"):
        folder = Path(uri.removeprefix("sqlite:///")).parent
        if not os.access(folder, os.W_OK):
            raise ValueError(f"there is no folder {folder} to write to")
    elif uri.startswith(("http://", "https://")):
        _ask_server(uri)
    else:
        import sqlalchemy

        engine = sqlalchemy.create_engine(uri, connect_args={"connect_timeout": int(CONNECT_S)})
        try:
            with engine.connect() as connection:
                connection.execute(sqlalchemy.text("SELECT 1"))
        finally:
            engine.dispose()
    return {}


def gpus_seen(seconds: float) -> int:
    """GPUs that torch sees in a process of its own, since Ray hides them from a task that asks for none."""
    hidden = {"CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"}
    environment = {k: v for k, v in os.environ.items() if k not in hidden}
    code = "import torch; print(torch.cuda.device_count())"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=seconds
    )
    if done.returncode:
        raise ValueError((done.stderr.strip().splitlines() or ["torch cannot be imported"])[-1])
    return int(done.stdout.split()[-1])


def free_gib(place: str | Path) -> float:
    """Free space of the disk that holds, or would hold, a folder; an error where it cannot be written to."""
    folder = existing(place)
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"{folder} cannot be written to")
    return shutil.disk_usage(folder).free / 2**30


def cache_gib(home: str) -> dict[str, Any]:
    """Free space for the shard cache, where it lies on another disk than the home."""
    folder = cache_folder(home)
    return {} if same_disk(folder, home) else {"cache_gib": free_gib(folder)}


def _ask_server(uri: str) -> None:
    request = urllib.request.Request(
        f"{without_login(uri).rstrip('/')}/api/2.0/mlflow/experiments/search",
        data=json.dumps({"max_results": 1}).encode(),
        headers={"Content-Type": "application/json", **_authorisation(uri)},
    )
    trust = os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() not in {"1", "true"}
    context = None if trust else ssl._create_unverified_context()
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_S, context=context):
            return
    except urllib.error.HTTPError as error:
        other_ways = {"MLFLOW_TRACKING_AUTH", "MLFLOW_TRACKING_AWS_SIGV4"} & set(os.environ)
        if error.code in {401, 403} and other_ways:
            return  # it is there; this request did not carry what MLflow's own would
        raise ValueError(f"it answers with status {error.code}") from None
    except urllib.error.URLError as error:
        raise ValueError(str(error.reason)) from None


def _authorisation(uri: str) -> dict[str, str]:
    token, (user, password) = os.environ.get("MLFLOW_TRACKING_TOKEN"), login_of(uri)
    if not user:
        user, password = (os.environ.get(f"MLFLOW_TRACKING_{part}", "") for part in ("USERNAME", "PASSWORD"))
    if user:
        pair = f"{user}:{password}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    return {"Authorization": f"Bearer {token}"} if token else {}
