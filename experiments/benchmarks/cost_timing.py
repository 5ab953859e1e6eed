"""How far `seconds_per_image` of one and the same model varies, alone and beside two busy neighbours, old way and new.

    python experiments/benchmarks/cost_timing.py [--measurements 20] [--seed 0]

The old way was the median wall time of five forward passes on torch's threads; the new one, of
`garment_sweeps.trials.costs`, is the least processor time of seven passes on one thread. Both measure the same model
over the same batch, in turns. The neighbours multiply matrices without end. A measurement serves a search if two of the
same model agree, whoever runs beside them: how far they do is told by the spread, largest over smallest, and by how far
the neighbours move the median. Writes `experiments/results/cost_timing.csv`.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from conditions import conditions, write_csv

from garment_sweeps.trials.costs import own_seconds
from garment_uv.networks.generator import GarmentGenerator
from garment_uv.training.trial import TrialConfig

BUSY = "import torch; torch.set_num_threads(1); a = torch.rand(1024, 1024); print(flush=True)\nwhile True: a @ a"
BATCH, MAP, IMAGE = 4, 64, 64
OLD_REPEATS = 5
NEIGHBOURS = 2


def main() -> None:
    """Measure, print and keep the table."""
    options = argparse.ArgumentParser()
    options.add_argument("--measurements", type=int, default=20)
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args()
    about = f"{conditions(chosen.seed)}; torch {torch.__version__}, {torch.get_num_threads()} threads"
    print(f"{about}; load average at the beginning {os.getloadavg()[0]:.1f}", flush=True)
    call, rows = _forward(chosen.seed), []
    ways = {"wall, median of 5": _wall_median, "own time, least of 7": _own_time}
    medians: dict[str, float] = {}
    for beside in (0, NEIGHBOURS):
        with _neighbours(beside):
            found = {name: [] for name in ways}
            for _ in range(chosen.measurements):
                for name, measure in ways.items():
                    found[name].append(1000 * measure(call) / BATCH)
        for name, values in found.items():
            middle = statistics.median(values)
            alone = medians.setdefault(name, middle)
            spread = max(values) / min(values)
            figures = (min(values), middle, max(values), spread, middle / alone)
            rows.append((name, beside, *(f"{figure:.3f}" for figure in figures)))
            print(*rows[-1], sep="\t", flush=True)
    columns = ("way", "neighbours", "least_ms", "median_ms", "most_ms", "most_over_least", "median_over_alone")
    print(write_csv("cost_timing", about, columns, rows))


def _forward(seed: int) -> Callable[[], object]:
    """The default generator's forward pass over one batch."""
    torch.manual_seed(seed)
    generator = GarmentGenerator(TrialConfig().generator).eval()
    image, body = torch.rand(BATCH, 3, IMAGE, IMAGE) * 2 - 1, torch.rand(BATCH, 3, MAP, MAP)
    camera, segments = torch.rand(BATCH, 3), torch.randint(0, 7, (BATCH, MAP, MAP))

    def call() -> object:
        with torch.no_grad():
            return generator(image, body, camera, segments)

    return call


def _wall_median(call: Callable[[], object]) -> float:
    times = []
    for _ in range(1 + OLD_REPEATS):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


def _own_time(call: Callable[[], object]) -> float:
    return own_seconds(call, torch.device("cpu"))


@contextmanager
def _neighbours(number: int) -> Iterator[None]:
    """So many busy processes beside this one, each running before this returns."""
    command = [sys.executable, "-c", BUSY]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(number)]
    try:
        for process in running:
            process.stdout.readline()
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
