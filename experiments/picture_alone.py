"""From the picture alone: S2S with the given body, with one that is off as estimators err, and with our predicted one.

    garment data benchmark --out .garment/open192 --size 128 --workers 2
    OMP_NUM_THREADS=1 python experiments/picture_alone.py [--seeds 1] [--epochs 10] [--body-epochs 60] [--pictures 6]

Per seed three trainings of a size for two processor cores: the garment model on given bodies, the same on bodies with
noise (`training.body_noise`), and the body network. What is finished is not done again, so the same command goes on
after anything ended it. S2S is root-relative and not aligned: predicted garments stand around the root of the body that
was told, true ones around theirs, so that an error of placement counts only in the lines that say so.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from garment_sweeps.experiment import Choice, Experiment, ResourcesConfig, Space
from garment_sweeps.experiment.load import load_experiment
from garment_uv.config import parse_assignments
from garment_uv.errors import UserError
from garment_uv.estimation.config import BodyFitConfig
from garment_uv.samples.config import AS_ESTIMATED
from garment_uv.training.trial import TrialConfig

NAME = "picture_alone"
BODIES = ("given", "perturbed", "predicted")
SEGMENTS = ("given", "predicted")


def small() -> TrialConfig:
    """The ablation's model and training, told true bodies; it also sees the picture at each texel of the body."""
    base = load_experiment("paper_ablation", Path(__file__).parent).base
    return base.with_values({"generator.unwrap_image": True, "evaluation.every": 5})


def noisy(config: TrialConfig) -> TrialConfig:
    """The same, told bodies that are off by what estimators err by."""
    sizes = AS_ESTIMATED.plain()
    return config.with_values({f"training.body_noise.{name}": size for name, size in sizes.items()})


def experiment() -> Experiment:
    """For `garment train picture_alone`; as a sweep, how much noise to train with."""
    return Experiment(
        name=NAME,
        description="The small model on bodies that are off as estimated ones are",
        base=noisy(small()),
        space=Space(parameters=(Choice(path="training.body_noise.pose_degrees", options=(0.0, 4.0, 8.0, 12.0)),)),
        trials=4,
        resources=ResourcesConfig(cpus=1),
    )


def main() -> int:
    """Train what is missing, evaluate what is not yet, write table and pictures; 1 where something is not there."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=small().data.uri, help="the benchmark set, 128 texels")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=small().training.epochs, help="of the garment models")
    parser.add_argument("--body-epochs", type=int, default=BodyFitConfig().epochs, help="of the body network")
    parser.add_argument("--samples", type=int, default=0, help="of the test split; 0 for all")
    parser.add_argument("--pictures", type=int, default=6, help="samples to draw, into the work folder")
    parser.add_argument("--set", dest="changes", action="append", default=[], metavar="PATH=VALUE", help="of models")
    parser.add_argument("--work", type=Path, default=Path(".garment/picture_alone"), help="trainings under way")
    parser.add_argument("--name", default=NAME, help="of the files under experiments/results/")
    chosen = parser.parse_args()
    try:
        print(_run(chosen))
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _run(chosen: argparse.Namespace) -> str:
    from experiments.reports.picture_report import draw, write_report
    from garment_sweeps.storage import open_source

    source = open_source(chosen.data)
    changes = {"data.uri": chosen.data, "training.epochs": chosen.epochs, **parse_assignments(chosen.changes)}
    results, versions = [], source.manifest.digest()
    for seed in range(chosen.seeds):
        plain = small().with_values({**changes, "seed": seed})
        models = {"true bodies": _train(plain, source, chosen), "noisy bodies": _train(noisy(plain), source, chosen)}
        body, errors = _train_body(BodyFitConfig(uri=chosen.data, epochs=chosen.body_epochs, seed=seed), source, chosen)
        for told, folder in models.items():
            for kind in BODIES:
                done = _evaluated(folder, body, kind, source, seed, chosen)
                results += [{"trained_on": told, "body": kind, "seed": seed, **line} for line in done]
                write_report(chosen.name, results, errors, versions)
        if chosen.pictures and seed == 0:
            draw(models["noisy bodies"], body, source, chosen.pictures, chosen.work / "pictures")
    return write_report(chosen.name, results, errors, versions)


def _train(config: TrialConfig, source, chosen: argparse.Namespace) -> Path:
    from garment_uv.training.run import train_to_end

    folder = chosen.work / config.digest()

    def report(metrics: dict[str, float]) -> None:
        value = f", {metrics['s2s/all']:.2f} mm on val" if "s2s/all" in metrics else ""
        noise = "noisy" if not config.training.body_noise.is_off else "true"
        print(f"  {noise} bodies, seed {config.seed}: epoch {metrics['epoch']:.0f}{value}", file=sys.stderr, flush=True)

    found = train_to_end(config, source, folder, (), report)
    if found["reason"]:
        raise UserError(f"{folder}: {found['reason']}")
    return folder / "model"


def _train_body(config: BodyFitConfig, source, chosen: argparse.Namespace) -> tuple[Path, dict[str, float]]:
    from garment_uv.estimation.trainer import train_body

    folder = chosen.work / f"body-{config.digest()}"

    def report(epoch) -> None:
        value = f", joints {epoch.errors['joints_mm']:.0f} mm" if epoch.errors else ""
        print(f"  body network, seed {config.seed}: epoch {epoch.epoch}{value}", file=sys.stderr, flush=True)

    return folder, train_body(config, source, folder, report).errors


def _evaluated(model: Path, body: Path, kind: str, source, seed: int, chosen: argparse.Namespace) -> list[dict]:
    """Lines with tables by kind of segments and by whether placement counts; kept beside the model."""
    from garment_uv.estimation.picture_alone import body_swap
    from garment_uv.training.evaluate import saved_evaluator

    network = body.name if kind == "predicted" else ""
    kept = model.parent / f"test-{kind}-{network}{seed}-{chosen.samples}.json"
    if kept.exists():
        return json.loads(kept.read_text())
    evaluator = saved_evaluator(model, source, swap_body=body_swap(kind, source, body, seed=seed))
    lines = []
    for segments in SEGMENTS:
        tables = evaluator.tables("test", segments, chosen.samples)
        for placed, table in ((False, tables.root_relative), (True, tables.placed)):
            if not (placed and kind == "given"):
                lines.append({"segments": segments, "placement_counted": placed, "table": table.plain()})
    partial = kept.with_suffix(".partial")
    partial.write_text(json.dumps(lines))
    os.replace(partial, kept)
    print(f"  {model.parent.name} told {kind} bodies: evaluated", file=sys.stderr, flush=True)
    return lines


if __name__ == "__main__":
    sys.exit(main())
