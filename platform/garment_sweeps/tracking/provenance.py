"""Where a number came from: code, machine and person."""

import getpass
import hashlib
import importlib.metadata
import platform
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from garment_sweeps.settings.masking import masked
from garment_sweeps.tracking import tags
from garment_sweeps.tracking.code_state import UNKNOWN, code_state
from garment_uv.config import Config

SOURCE_ARTIFACT = "source"
"""Artifact path of a parent run's diff and experiment file."""
SHOWN = 10


class Provenance(Config):
    """Where the numbers of a sweep come from: taken once, by whoever starts it, and handed on to every trial."""

    commit: str = UNKNOWN
    """Of the code, with '+changes' where it is not quite that commit."""
    changes: str = ""
    """The files that differ from the commit, the first few by name."""
    experiment_file: str = ""
    """Path of the experiment's file as it was given; empty where it came from elsewhere."""
    source: str = ""
    """Artifact path below the parent run at which diff and experiment file lie."""

    def tags(self) -> dict[str, str]:
        """Tags of a run; empty ones are left out."""
        values = {
            "mlflow.source.git.commit": self.commit,
            "mlflow.source.name": self.experiment_file,
            tags.CHANGES: self.changes,
            tags.SOURCE: self.source,
        }
        return {name: value for name, value in values.items() if value}


@dataclass(frozen=True)
class Sources:
    """The provenance of a sweep with the texts that it speaks of, by file name, without secrets."""

    provenance: Provenance
    texts: dict[str, str]


def take_sources(experiment_file: Path | None = None, folder: Path | None = None) -> Sources:
    """Asks git (of `folder`, by default this code's), and reads the experiment's file, where the sweep is started."""
    state = code_state(folder, experiment_file)
    texts = {"changes.diff": state.diff} if state.diff else {}
    if experiment_file is not None:
        try:
            texts["experiment.py"] = experiment_file.read_text(errors="replace")
        except OSError:
            pass
    texts = {name: masked(text) for name, text in texts.items()}
    digest = hashlib.sha256("\0".join([state.commit, *texts.values()]).encode(errors="replace")).hexdigest()
    provenance = Provenance(
        commit=state.commit,
        changes=_listed(state.changes),
        experiment_file=str(experiment_file or ""),
        source=f"{SOURCE_ARTIFACT}/{digest[:12]}" if texts else "",
    )
    return Sources(provenance, texts)


@cache
def hardware() -> dict[str, str]:
    """What this process runs on. The accelerator is torch's, where this process has loaded it; else it uses none."""
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


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"
