"""How long training waits for its samples, with every augmentation on and two loader processes.

    python experiments/benchmarks/loader_waiting.py --folder DATASET

Trains the default trial, at a batch of 4, with pictures as they are taken, other colours, mirrored samples and bodies
as estimators tell them, and prints by epoch the share of the steps' time spent waiting for a batch. The first epoch,
in which the processes start, is not counted. Writes `experiments/results/loader_waiting.csv`; exit 1 above 2 %.
"""

import argparse
import sys
from pathlib import Path
from statistics import mean

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from experiments.benchmarks.conditions import conditions, write_csv
from garment_uv.samples.config import AS_ESTIMATED, AS_TAKEN
from garment_uv.samples.source import FolderSource
from garment_uv.training.trainer import Trainer
from garment_uv.training.trial import TrialConfig

GOAL = 0.02
ALL_OF_IT = {
    "data.workers": 2,
    "training.pictures": AS_TAKEN.plain(),
    "training.body_noise": AS_ESTIMATED.plain(),
    "training.colour_jitter": 0.5,
    "training.mirror": "auto",
    "training.batch_size": 4,
    "evaluation.every": 1000,
    "evaluation.meshes": 0,
    "evaluation.max_samples": 1,
}


def main() -> int:
    """Train, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="a dataset with labels")
    parser.add_argument("--epochs", type=int, default=3)
    asked = parser.parse_args()
    config = TrialConfig().with_values({**ALL_OF_IT, "training.epochs": asked.epochs})
    source = FolderSource(asked.folder)
    trainer = Trainer(config, source)
    rows = []
    for epoch in range(1, asked.epochs + 1):
        metrics = trainer.train_epoch().metrics()
        rows.append((epoch, round(metrics["seconds"], 1), round(metrics["data/loader_wait"], 4)))
        print(f"epoch {epoch}: {rows[-1][1]} s, of the steps {rows[-1][2]:.2%} waiting", flush=True)
    share = mean(row[2] for row in rows[1:])
    size = f"{source.atlas().size} texels, {source.manifest.image_size} px"
    about = f"{conditions(config.seed)}; {size}; {share:.2%} of the steps' time spent waiting"
    print(write_csv("loader_waiting", about, ("epoch", "seconds", "share waiting"), rows))
    return int(share > GOAL)


if __name__ == "__main__":
    sys.exit(main())
