"""How much faster two workers prepare than one, on Ray, beside what the machine itself gives two processes.

    python experiments/benchmarks/preparation_scaling.py [--sequences 40] [--frames 12] [--repeats 2] [--seed 0]

The same sequences are prepared at the default sizes with one and with two CPUs of a local Ray, in turns; timed is from
the first sequence done to the last shard stored, workers warm, and the whole command's work beside it. The peer is
plain processor work in one process against the same work in each of two: its ratio is the most that two workers on
this machine could reach. Efficiency is t(1) / (2 t(2)); exit 1 below 0.9. Writes
`experiments/results/preparation_scaling.csv`.
"""

import argparse
import statistics
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from experiments.benchmarks.conditions import conditions, write_csv
from garment_sweeps.ray.crew import RayCrew
from garment_sweeps.ray.session import ray_session
from garment_uv.body import load_body
from garment_uv.datasets.open.synthesize import synthesize
from garment_uv.samples.config import PrepareOptions
from garment_uv.samples.prepare import prepare
from garment_uv.samples.sink import FolderSink

GOAL = 0.9
COLUMNS = ("repeat", "workers", "seconds", "seconds_warm", "sequences_per_minute_warm", "plain_seconds")


def timed(raw: Path, out: Path, workers: int, body) -> tuple[float, float, int]:
    """Seconds of a preparation; seconds, and sequences, from when every worker has done one."""
    warm: list[tuple[float, int]] = []

    def progress(done: int, total: int) -> None:
        if done >= workers and not warm:
            warm.append((time.perf_counter(), done))

    start = time.perf_counter()
    made = prepare(raw, FolderSink(out), body, PrepareOptions(samples_per_shard=12), progress=progress, crew=RayCrew)
    end = time.perf_counter()
    return end - start, end - warm[0][0], len(made.sequences) - warm[0][1]


def plain(processes: int, rounds: int) -> float:
    """Seconds of `rounds` rounds of plain work, shared by so many processes."""
    with get_context("spawn").Pool(processes) as pool:
        pool.map(_busy, [1] * processes)
        start = time.perf_counter()
        pool.map(_busy, [rounds // processes] * processes, chunksize=1)
        return time.perf_counter() - start


def _busy(rounds: int) -> float:
    rng = np.random.default_rng(0)
    values, total = rng.normal(size=(400, 300)), 0.0
    for _ in range(rounds):
        total += float(np.sort(values * rng.normal(), axis=0).sum())
    return total


def main() -> int:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sequences", type=int, default=40)
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2000, help="of the peer's plain work")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rows, body = [], load_body("anny")
    with tempfile.TemporaryDirectory(prefix="garment-scaling-") as name:
        folder = Path(name)
        synthesize(folder / "raw", options.sequences, options.frames, options.seed)
        for repeat in range(options.repeats):
            for workers in (1, 2):
                with ray_session(None, cpus=workers):
                    whole, warm, count = timed(folder / "raw", folder / f"set{repeat}-{workers}", workers, body)
                peer = plain(workers, options.rounds)
                rows.append((repeat, workers, *(round(v, 3) for v in (whole, warm, 60 * count / warm, peer))))
                print("  ".join(str(value) for value in rows[-1]), flush=True)
    about = conditions(options.seed)
    rate = {workers: statistics.median(row[4] for row in rows if row[1] == workers) for workers in (1, 2)}
    peers = {workers: statistics.median(row[5] for row in rows if row[1] == workers) for workers in (1, 2)}
    ours, most = rate[2] / (2 * rate[1]), peers[1] / (2 * peers[2])
    print(about)
    print(write_csv("preparation_scaling", about, COLUMNS, rows))
    print(f"efficiency {ours:.3f}; of plain processor work here {most:.3f}; ours as a share of that {ours / most:.3f}")
    print("reached" if ours >= GOAL else "NOT REACHED", f"{GOAL} from 1 to 2 workers")
    return 0 if ours >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
