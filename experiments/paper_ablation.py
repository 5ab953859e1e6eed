"""The published ablation at the size that two processor cores train in one to two hours.

    garment data benchmark --out .garment/open192 --size 128 --workers 2
    OMP_NUM_THREADS=1 python experiments/paper_ablation.py --processes 2 [--options] [--seeds 3] [--epochs 10]

Six rows, three seeds each, one process per training. What is finished is not trained again, so the same command goes
on after anything ended it; each training's result is kept under `experiments/results/<name>/` and counts where dataset
and config are the same. `garment train paper_ablation` trains the full row alone. Figures are S2S in mm on the
test split after the last epoch, with the dataset's segments; the published ones are on CLOTH3D++ and their level is
not comparable, only their order is.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from garment_sweeps.experiment import Choice, Experiment, ResourcesConfig, Space
from garment_uv.config import parse_assignments
from garment_uv.metrics.published import ABLATION
from garment_uv.networks.config import DiscriminatorConfig, GeneratorConfig, LocalBranchConfig
from garment_uv.training.config import DataConfig, EvaluationConfig, OptimiserConfig, TrainingConfig
from garment_uv.training.trial import TrialConfig

OPTIONS: dict[str, dict[str, Any]] = {
    "least-norm fill off (Telea)": {"data.fill": "telea", "generator.reading": "nearest"},
    "pooling over the image": {"generator.local.class_pooling": "image"},
    "displacements in the sample's frame": {"generator.frame": "sample"},
    "the same, - condition on body": {"generator.frame": "sample", "generator.condition_on_body": False},
    "+ texel embedding": {"generator.texel_embedding": True},
    "+ unwrapped image": {"generator.unwrap_image": True},
    "+ predicted segments": {"generator.segments": "predicted"},
    "+ averaged weights": {"training.ema_decay": 0.99},
    "+ push-out of the body": {"evaluation.push_out": True},
    "+ colour jitter": {"training.colour_jitter": 0.5},
    "+ mirror": {"training.mirror": True},
}
"""Options of ours, each alone against the full row; the first three are on in it and taken away here."""


def small() -> TrialConfig:
    """Every part of the published model, an eighth as wide, on maps of 128 texels.

    The global path goes down to 2 x 2 texels: at this width fewer steps leave a texel that sees a part of the picture
    only, and without the body map the pose must be read from all of it. Displacements are in the frames of the posed
    body at each texel (the paper does not say in which they are): in the sample's own frame the map of a garment turns
    with every limb, and what the row without the body map then asks is whether a thousand pictures teach the pose.
    """
    return TrialConfig(
        data=DataConfig(uri=".garment/open192/128"),
        generator=GeneratorConfig(
            base_features=8,
            global_downsamples=4,
            residual_blocks=2,
            local=LocalBranchConfig(features=16, kernel=3, class_pooling="mask"),
            frame="body",
        ),
        discriminator=DiscriminatorConfig(base_features=8, layers=3, scales=1),
        training=TrainingConfig(
            epochs=10,
            batch_size=4,
            optimiser=OptimiserConfig(generator_lr=2e-3, discriminator_lr=1e-3, beta1=0.5, beta2=0.99),
            precision="bf16",
            threads=1,
            device="cpu",
        ),
        evaluation=EvaluationConfig(every=2, max_samples=36, predicted="never", meshes=0),
    )


def experiment() -> Experiment:
    """The full row for `garment train`; as a sweep, the parts of the network on and off."""
    return Experiment(
        name="paper_ablation",
        description="The published ablation's model, small, on the open benchmark set",
        base=small(),
        space=Space(
            parameters=(
                Choice(path="generator.condition_on_body", options=(True, False)),
                Choice(path="generator.frame", options=("body", "sample")),
                Choice(path="generator.local.mode", options=("per_class", "none")),
            )
        ),
        trials=8,
        resources=ResourcesConfig(cpus=1),
    )


def main() -> int:
    """Train what is missing, then write CSV and table; 1 where the dataset cannot be opened or a training failed."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from experiments.reports.row_trainings import train_rows

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=small().data.uri, help="the benchmark set, 128 texels")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=small().training.epochs)
    parser.add_argument("--options", action="store_true", help="rows of our own options as well")
    parser.add_argument("--rows", nargs="*", help="only these rows; all where not given")
    parser.add_argument("--set", dest="changes", action="append", default=[], metavar="PATH=VALUE", help="of all rows")
    parser.add_argument("--work", type=Path, default=Path(".garment/paper_ablation"), help="trainings under way")
    parser.add_argument("--name", default="paper_ablation", help="of the files under experiments/results/")
    chosen = parser.parse_args()
    rows = {**ABLATION, **(OPTIONS if chosen.options else {})}
    unknown = [row for row in chosen.rows or () if row not in rows]
    if unknown:
        print(f"no row {unknown[0]!r}; there is {', '.join(rows)}", file=sys.stderr)
        return 1
    base = small().with_values(
        {"data.uri": chosen.data, "training.epochs": chosen.epochs, **parse_assignments(chosen.changes)}
    )
    configs = {name: base.with_values(rows[name]) for name in chosen.rows or rows}
    return train_rows(configs, chosen.seeds, chosen.processes, chosen.work, chosen.name)


if __name__ == "__main__":
    sys.exit(main())
