"""A config of our own sweep beside the published architecture: S2S after equally many steps, and the time of a step.

    python experiments/benchmarks/against_published.py [--found PATH=VALUE ...] [--seeds 1] [--epochs 6]

Both are trained on the open benchmark set (`experiments/trunk.py`); then steps of both are timed in turns, in one
process. What is finished is not trained again. Exits 1 where the found config's S2S on the test split is worse, or its
step takes more than a quarter of the time.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

GOAL = 4.0
STEPS = 12
"""Timed steps of each; the median counts."""


def main() -> int:
    """Train, time, write `experiments/results/against_published.csv`; 1 where the goal is missed."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from experiments.benchmarks.conditions import conditions, write_csv
    from experiments.trunk import found, published
    from garment_sweeps.storage import open_source
    from garment_uv.config import parse_assignments
    from garment_uv.errors import UserError
    from garment_uv.training.run import train_to_end

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=published().data.uri)
    parser.add_argument("--found", action="append", default=[], metavar="PATH=VALUE", help="changes of the published")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=published().training.epochs)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path(".garment/against_published"), help="trainings under way")
    chosen = parser.parse_args()
    try:
        told = {"data.uri": chosen.data, "training.epochs": chosen.epochs, "training.threads": chosen.threads}
        other = published().with_values(parse_assignments(chosen.found)) if chosen.found else found()
        configs = {"published": published().with_values(told), "found": other.with_values(told)}
        source = open_source(chosen.data)
        errors: dict[str, list[dict[str, float]]] = {name: [] for name in configs}
        for seed in range(chosen.seeds):
            for name, config in configs.items():
                seeded = config.with_values({"seed": seed})
                result = train_to_end(seeded, source, chosen.work / seeded.digest(), ("test",), _say(name, seed))
                errors[name].append(_s2s(result))
        times = step_ms(configs, source)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    names = sorted({part for tables in errors.values() for table in tables for part in table})
    rows = [
        (config, part, seed, round(table[part], 3), round(times[config], 1))
        for config, tables in errors.items()
        for seed, table in enumerate(tables)
        for part in names
        if part in table
    ]
    path = write_csv("against_published", conditions(0), ("config", "class", "seed", "s2s_mm", "step_ms"), rows)
    means = {name: statistics.mean(table["all"] for table in tables) for name, tables in errors.items()}
    ratio = times["published"] / times["found"]
    for name in configs:
        print(f"{name:>10}: {means[name]:.2f} mm on test, {times[name]:.0f} ms a step")
    print(f"the published step takes {ratio:.2f} times as long; {path}")
    return int(means["found"] > means["published"] or ratio < GOAL)


def step_ms(configs: dict, source) -> dict[str, float]:
    """Median ms of a training step of each config, in turns on the same batches, after two that do not count."""
    from garment_uv.samples.loader import SampleLoader
    from garment_uv.training.trainer import Trainer

    size = next(iter(configs.values())).training.batch_size
    loader = SampleLoader(source, "train", size, seed=0)
    trainers = {name: Trainer(config, source) for name, config in configs.items()}
    taken: dict[str, list[float]] = {name: [] for name in configs}
    try:
        for turn, batch in zip(range(STEPS + 2), loader.batches(0), strict=False):
            for name, trainer in trainers.items():
                start = time.perf_counter()
                trainer.train_batch(batch)
                if turn > 1:
                    taken[name].append((time.perf_counter() - start) * 1000)
    finally:
        for trainer in trainers.values():
            trainer.close()
    return {name: statistics.median(values) for name, values in taken.items()}


def _s2s(result: dict) -> dict[str, float]:
    from garment_uv.errors import UserError
    from garment_uv.metrics.aggregate import S2STable

    if result["reason"]:
        raise UserError(result["reason"])
    figures = S2STable.from_plain(result["tables"]["test"]["given"]).to_dict()
    return {name.removeprefix("s2s/"): value for name, value in figures.items() if name.startswith("s2s/")}


def _say(name: str, seed: int):
    def report(metrics: dict[str, float]) -> None:
        value = f", {metrics['s2s/all']:.2f} mm on val" if "s2s/all" in metrics else ""
        print(f"  {name}, seed {seed}: epoch {metrics['epoch']:.0f}{value}", file=sys.stderr, flush=True)

    return report


if __name__ == "__main__":
    sys.exit(main())
