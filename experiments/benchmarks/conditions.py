"""What every figure must stand beside: command, seed, hardware, date; and where results go."""

import csv
import datetime
import os
import platform
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

RESULTS = Path(__file__).resolve().parents[1] / "results"


def conditions(seed: int) -> str:
    """One line: command without the folder it worked in, seed, processor, cores, memory, Python, date."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    machine = f"{_processor()}, {len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB"
    versions = f"Python {platform.python_version()}"
    return f"python {_command()}; seed {seed}; {machine}, {versions}; {datetime.date.today()}"


def write_csv(name: str, about: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Path:
    """`experiments/results/NAME.csv`, its first line a comment with the conditions."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.csv"
    with open(path, "w", newline="") as file:
        file.write(f"# {about}\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    return path


def _command() -> str:
    words = list(sys.argv)
    if "--folder" in words:
        at = words.index("--folder")
        del words[at : at + 2]
    return shlex.join(words)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
