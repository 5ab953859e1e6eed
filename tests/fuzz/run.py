"""Damages whole files and has our parsers read them: `python -m tests.fuzz.run --minutes 60 --seed 0`.

Each case is decided by the seed, its kind and its number, and runs in a process with a limit of memory; one that takes
too long is killed. What may come is a refusal in one line or the values that another reader finds too. All else is a
fault: another exception, a crash, a hang, a file outside the case's folder, a wrong value. Prints the counts and each
fault's number, with which `--case KIND NUMBER` repeats it; exits 1 where there is one.
"""

import argparse
import multiprocessing
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random

from tests.fuzz.mutations import damaged
from tests.fuzz.readings import READERS, judge
from tests.fuzz.seeds import whole_files

HANG_S = 20
"""Processor seconds that a case may take, so that a busy machine makes none hang."""
STALL_S = 300.0
"""Seconds of the clock that it may take, where it waits for something."""
MEMORY = 2**30
"""Bytes that a case may take beside what its process has from the start."""


@dataclass
class Found:
    """What came of the cases."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By kind and outcome."""
    faults: dict[tuple[str, int], str] = field(default_factory=dict)
    """By kind and number."""


def fuzz(seed: int, minutes: float = 0.0, cases: int = 0) -> Found:
    """Runs cases of all kinds in turn, for so many minutes or so many of each kind."""
    whole, found, number = whole_files(), Found(), 0
    end = time.monotonic() + 60 * minutes
    while number < cases or (not cases and time.monotonic() < end):
        ours, theirs = multiprocessing.Pipe(duplex=False)
        last = cases if cases else 2**62
        given = (theirs, whole, seed, number, last, end)
        child = multiprocessing.get_context("fork").Process(target=_cases, args=given)
        child.start()
        theirs.close()
        at = _listen(ours, child, found, number)
        child.kill()
        child.join()
        if at is None:
            return found
        number = at + 1
    return found


def case(whole: dict[str, list[bytes]], seed: int, kind: str, number: int) -> bytes:
    """The bytes of one case."""
    return damaged(whole[kind], kind, Random(f"{seed} {kind} {number}"))


def _cases(out: Connection, whole: dict[str, list[bytes]], seed: int, first: int, last: int, end: float) -> None:
    """In the child: tells (kind, number) before each case and its outcome after it, and None at the end."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    with tempfile.TemporaryDirectory(prefix="garment-fuzz-") as outer:
        folder = Path(outer) / "case"
        folder.mkdir()
        os.chdir(folder)
        for number in range(first, last):
            if last == 2**62 and time.monotonic() > end:
                break
            for kind in READERS:
                out.send((kind, number))
                spent = int(time.process_time()) + 1
                resource.setrlimit(resource.RLIMIT_CPU, (spent + HANG_S, resource.RLIM_INFINITY))
                out.send(_outcome(kind, case(whole, seed, kind, number), folder))
    out.send(None)


def _outcome(kind: str, data: bytes, folder: Path) -> tuple[str, str]:
    """('ok', outcome) or ('fault', what it is)."""
    for earlier in folder.parent.rglob("*"):
        if earlier != folder:
            earlier.unlink()
    path = folder / kind
    path.write_bytes(data)
    try:
        outcome = judge(kind, path)
    except MemoryError:
        return "fault", "MemoryError"
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return "fault", f"{type(error).__name__} in {Path(where.filename).name}:{where.lineno}: {str(error)[:150]}"
    left = [each.name for each in folder.parent.rglob("*") if each not in (folder, path)]
    if left or path.read_bytes() != data:
        return "fault", f"wrote {left or kind}"
    return "ok", outcome


def _listen(ours: Connection, child: BaseProcess, found: Found, number: int) -> int | None:
    """Counts what the child tells: None when it is through, else the number of the case that ended or hung it."""
    kind = ""
    while True:
        try:
            told = ours.recv() if ours.poll(STALL_S) else ("fault", f"ended nothing in {STALL_S:g} s")
        except EOFError:
            child.join()
            ran_out = child.exitcode == -signal.SIGXCPU
            told = ("fault", f"took over {HANG_S} s" if ran_out else f"ended its process ({child.exitcode})")
        if told is None:
            return None
        what, detail = told
        if isinstance(detail, int):
            kind, number = told
            continue
        if what == "fault":
            found.faults[kind, number] = detail
        found.counts[kind, "FAULT" if what == "fault" else detail] += 1
        if detail.startswith(("took over", "ended ")):
            return number


def main() -> int:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    warnings.filterwarnings("ignore", module="trimesh")
    parser.add_argument("--case", nargs=2, metavar=("KIND", "NUMBER"), help="repeat one, with its traceback")
    options = parser.parse_args()
    if options.case:
        kind, number = options.case[0], int(options.case[1])
        path = Path(tempfile.mkdtemp(prefix="garment-fuzz-")) / kind
        path.write_bytes(case(whole_files(), options.seed, kind, number))
        print(path)
        print(judge(kind, path))
        return 0
    found = fuzz(options.seed, options.minutes)
    for kind in READERS:
        counts = {outcome: times for (of, outcome), times in sorted(found.counts.items()) if of == kind}
        print(f"{kind:>14}: {sum(counts.values())} cases: {counts}")
    for (kind, number), what in list(found.faults.items())[:200]:
        print(f"FAULT {kind} {number}: {what}")
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main())
