"""How measured values are compared with recorded ones, and on which machine bits are the same."""

import hashlib
import math
import platform
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import torch


def machine() -> str:
    """A name of all that kernels choose their order of sums by: the processor and the libraries' versions."""
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.exists() else [platform.processor()]
    kept = sorted({line for line in lines if line.split("\t")[0] in ("model name", "flags", "Features", "CPU part")})
    kinds = hashlib.sha256("\n".join(kept or lines).encode()).hexdigest()[:12]
    capability = torch.backends.cpu.get_cpu_capability()
    return f"{kinds} {capability} torch {torch.__version__} numpy {np.__version__} scipy {scipy.__version__}"


def kernels(name: str) -> str:
    """Which of torch's kernels, such as AVX2, the machine of that name computes with."""
    return name.split()[1]


def differences(wanted: Any, found: Any, relative: float = 0.0, absolute: float = 0.0, at: str = "") -> list[str]:
    """One line for each value of nested dictionaries and lists that is not the other's."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        lines = [f"{at}/{key}: only recorded" for key in wanted.keys() - found.keys()]
        lines += [f"{at}/{key}: only measured" for key in found.keys() - wanted.keys()]
        shared = [key for key in wanted if key in found]
        return lines + [
            line for key in shared for line in differences(wanted[key], found[key], relative, absolute, f"{at}/{key}")
        ]
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        pairs = enumerate(zip(wanted, found, strict=True))
        return [line for i, (w, f) in pairs for line in differences(w, f, relative, absolute, f"{at}/{i}")]
    if isinstance(wanted, float) and isinstance(found, float | int):
        same = math.isclose(wanted, found, rel_tol=relative, abs_tol=absolute)
    else:
        same = wanted == found
    return [] if same else [f"{at}: recorded {wanted!r}, measured {found!r}"]
