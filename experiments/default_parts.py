"""What each part of the default trial is worth in it, taken away or put in alone.

    garment data benchmark --out .garment/open192 --size 128 --workers 2
    OMP_NUM_THREADS=1 python experiments/default_parts.py --processes 2 [--seeds 3] [--rows ROW ...]

The sweep of `experiments/trunk.py` drew learned places, averaged weights and mirrored samples together, so it cannot
tell which of them wins; `experiments/paper_ablation.py` tries its options on another, smaller network. Trained as
the trials of that sweep were: six epochs at 128 texels, with its rate. Finished trainings are kept under
`experiments/results/default_parts/`; S2S is in mm on the test split, with the dataset's segments.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from garment_sweeps.experiment import Choice, Experiment, ResourcesConfig, Space
from garment_sweeps.experiment.load import load_experiment
from garment_uv.training.trial import TrialConfig

RATE = 0.00039
"""What the sweep of the trunk found for six epochs, rounded: no default for longer trainings."""
PARTS: dict[str, dict[str, Any]] = {
    "default, not mirrored": {},
    "- learned places": {"generator.texel_embedding": False},
    "- averaged weights": {"training.ema_decay": 0.0},
    "+ mirror": {"training.mirror": True},
    "+ pooling over the mask": {"generator.local.class_pooling": "mask"},
    "+ displacements in the body's frame": {"generator.frame": "body"},
}


def base() -> TrialConfig:
    """The default trial's networks and averaging, trained as the sweep of the trunk trains; not mirrored."""
    trunk = load_experiment("trunk", Path(__file__).parent).base
    default = TrialConfig()
    return trunk.with_values(
        {
            "generator": default.generator.plain(),
            "discriminator": default.discriminator.plain(),
            "training.ema_decay": default.training.ema_decay,
            "training.mirror": False,
            "training.optimiser.generator_lr": RATE,
            "evaluation.max_samples": 36,
        }
    )


def experiment() -> Experiment:
    """The default, not mirrored, for `garment train`; as a sweep, the parts on and off in all their combinations."""
    return Experiment(
        name="default_parts",
        description="Learned places, averaged weights, mirrored samples, pooling and frame of the default trial",
        base=base(),
        space=Space(
            parameters=(
                Choice(path="generator.texel_embedding", options=(True, False)),
                Choice(path="training.ema_decay", options=(0.99, 0.0)),
                Choice(path="training.mirror", options=(False, True)),
                Choice(path="generator.local.class_pooling", options=("image", "mask")),
                Choice(path="generator.frame", options=("sample", "body")),
            )
        ),
        sampler="grid",
        trials=32,
        resources=ResourcesConfig(cpus=1),
    )


def main() -> int:
    """Train what is missing, then write CSV and table; 1 where the dataset cannot be opened or a training failed."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from experiments.reports.row_trainings import train_rows

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--rows", nargs="*", choices=tuple(PARTS), default=tuple(PARTS), help="only these rows")
    parser.add_argument("--work", type=Path, default=Path(".garment/default_parts"), help="trainings under way")
    chosen = parser.parse_args()
    configs = {row: base().with_values(PARTS[row]) for row in chosen.rows}
    return train_rows(configs, chosen.seeds, chosen.processes, chosen.work, "default_parts")


if __name__ == "__main__":
    sys.exit(main())
