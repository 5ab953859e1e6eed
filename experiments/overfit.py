"""Can the full-size model learn 16 samples by heart? Its S2S on them, beside the floor that registration leaves.

    garment data benchmark --out .garment/open192 --size 256 --workers 2
    python experiments/overfit.py --threads 2 [--epochs 150]

The published sizes on maps of 256 texels; only the training is set for speed: the two terms that pull at the
surface itself, one sample a step, bfloat16 where the processor multiplies it fast. The same command goes on after
anything ended it.
"""

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

from garment_sweeps.experiment import Choice, Experiment, ResourcesConfig, Space
from garment_uv.errors import UserError
from garment_uv.losses.config import LossConfig
from garment_uv.training.config import DataConfig, EvaluationConfig, OptimiserConfig, TrainingConfig
from garment_uv.training.trial import TrialConfig, published_architecture

NAME = "overfit"
SEQUENCES = 8
"""Of the training split: every outfit is among the first six."""
EVERY = 3
"""Of six frames the first and the fourth: 16 samples."""
GOAL_MM = 1.5
"""How near to the floor the model is to come."""
OURS: dict[str, object] = {"unwrap_image": True, "local.class_pooling": "mask"}
"""Beside the published architecture, as it was measured."""


def full_size() -> TrialConfig:
    """The published sizes; a training for 16 samples."""
    return TrialConfig(
        generator=published_architecture().generator.with_values(OURS),
        discriminator=published_architecture().discriminator,
        data=DataConfig(uri=".garment/overfit16"),
        loss=LossConfig(normal=0, laplacian=0, edge=0, adversarial=0, feature_matching=0, segments=0.01),
        training=TrainingConfig(
            epochs=150,
            batch_size=1,
            decay_from=0.4,
            precision="bf16",
            optimiser=OptimiserConfig(generator_lr=5e-4, beta1=0.9, beta2=0.99),
        ),
        evaluation=EvaluationConfig(split="train", every=10, predicted="never", meshes=0),
    )


def experiment() -> Experiment:
    """For `garment train overfit`, once the 16 samples are made; as a sweep, a few learning rates."""
    rates = (2e-4, 5e-4, 1e-3)
    return Experiment(
        name=NAME,
        description="The full-size model on 16 samples",
        base=full_size(),
        space=Space(parameters=(Choice(path="training.optimiser.generator_lr", options=rates),)),
        trials=len(rates),
        resources=ResourcesConfig(cpus=2),
    )


def make_samples(raw: Path, folder: Path) -> None:
    """The dataset of 16 training samples that carry their raw meshes; kept where it is there already."""
    from garment_uv.body import load_body
    from garment_uv.samples.config import PrepareOptions
    from garment_uv.samples.manifest import MANIFEST_KEY
    from garment_uv.samples.prepare import prepare
    from garment_uv.samples.sink import FolderSink

    if (folder / MANIFEST_KEY).exists():
        return
    found = sorted(path for path in (raw / "train").glob("*") if path.is_dir())[:SEQUENCES]
    if len(found) < SEQUENCES:
        raise UserError(f"{raw}/train holds {len(found)} sequences, {SEQUENCES} are needed: run garment data benchmark")
    with tempfile.TemporaryDirectory() as chosen:
        (Path(chosen) / "train").mkdir()
        for path in found:
            os.symlink(path.resolve(), Path(chosen) / "train" / path.name)
        prepare(
            chosen, FolderSink(folder), load_body("anny"), PrepareOptions(every=EVERY, evaluation_splits=("train",))
        )


def floor_mm(source) -> float:
    """Mean S2S in mm of the true maps themselves, read at the vertices: no model can do better."""
    from garment_uv.metrics.evaluate import evaluate_sample
    from garment_uv.samples.source import iterate_samples
    from garment_uv.uv.sampling import read_vertices

    atlas = source.atlas()
    return statistics.mean(
        score.s2s.mean_mm
        for sample in iterate_samples(source, "train")
        for score in evaluate_sample(atlas, sample, read_vertices(atlas, sample.displacement_uv))
    )


def main() -> int:
    """Train, then write CSV and curve; 1 where the goal is missed or a file is not there."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from experiments.reports.overfit_report import write_report
    from garment_sweeps.storage import open_source
    from garment_uv.config import parse_assignments
    from garment_uv.metrics.aggregate import S2STable
    from garment_uv.training.run import read_curve, train_to_end

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--raw", type=Path, default=Path(".garment/open192/raw"), help="the benchmark's raw set")
    parser.add_argument("--data", type=Path, default=Path(full_size().data.uri), help="where the 16 samples lie")
    parser.add_argument("--epochs", type=int, default=full_size().training.epochs)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--set", dest="changes", action="append", default=[], metavar="PATH=VALUE")
    parser.add_argument("--work", type=Path, default=Path(".garment/overfit"), help="the training under way")
    parser.add_argument("--name", default=NAME, help="of the files under experiments/results/")
    chosen = parser.parse_args()
    try:
        make_samples(chosen.raw, chosen.data)
        source = open_source(str(chosen.data))
        floor = floor_mm(source)
        print(f"floor {floor:.3f} mm", flush=True)
        changes = {"data.uri": str(chosen.data), "training.epochs": chosen.epochs, "training.threads": chosen.threads}
        config = full_size().with_values({**changes, **parse_assignments(chosen.changes)})
        folder = chosen.work / config.digest()

        def report(metrics: dict[str, float]) -> None:
            value = f", {metrics['s2s/all']:.3f} mm" if "s2s/all" in metrics else ""
            print(f"epoch {metrics['epoch']:.0f}, uv {metrics['loss/uv']:.4f} cm{value}", flush=True)
            write_report(chosen.name, read_curve(folder), floor, GOAL_MM, config.seed)

        result = train_to_end(config, source, folder, ("train",), report)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    if result["reason"]:
        print(result["reason"], file=sys.stderr)
        return 1
    reached = S2STable.from_plain(result["tables"]["train"]["given"]).all.mean_mm
    print(f"S2S {reached:.3f} mm, floor {floor:.3f} mm: {reached - floor:.3f} mm above it, the goal is {GOAL_MM}")
    return int(reached - floor > GOAL_MM)


if __name__ == "__main__":
    sys.exit(main())
