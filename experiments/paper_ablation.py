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
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from garment_sweeps.spaces import Choice, Experiment, ResourcesConfig, Space
from garment_uv.config import parse_assignments
from garment_uv.config.trial import TrialConfig
from garment_uv.errors import UserError
from garment_uv.metrics.published import ABLATION
from garment_uv.networks.config import DiscriminatorConfig, GeneratorConfig, LocalBranchConfig
from garment_uv.training.config import DataConfig, EvaluationConfig, OptimiserConfig, TrainingConfig

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
            local=LocalBranchConfig(features=16, kernel=3),
            frame="body",
            unwrap_image=False,
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
    from experiments.reports.ablation_report import write_report

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
    rows = {name: rows[name] for name in chosen.rows or rows}
    base = small().with_values(
        {"data.uri": chosen.data, "training.epochs": chosen.epochs, **parse_assignments(chosen.changes)}
    )
    jobs = [(row, base.with_values({**rows[row], "seed": seed})) for seed in range(chosen.seeds) for row in rows]
    results, failed = [], False
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(chosen.processes, context, max_tasks_per_child=1) as pool:
        for future in as_completed([pool.submit(train, job, chosen.work, chosen.name) for job in jobs]):
            try:
                done = future.result()
            except BrokenProcessPool:
                print("a training's process was killed; the same command goes on", file=sys.stderr)
                return 1
            if isinstance(done, str):
                print(done, file=sys.stderr, flush=True)
                failed = True
                continue
            results.append(done)
            said = done["reason"] or f"{done['tables']['test']['given']['all']['s2s_mm']:.2f} mm"
            print(f"{len(results)}/{len(jobs)} {done['row']}, seed {done['seed']}: {said}", flush=True)
            write_report(chosen.name, results, list(rows))
    if results:
        print(write_report(chosen.name, results, list(rows)))
    return int(failed)


def train(job: tuple[str, TrialConfig], work: Path, name: str) -> dict[str, Any] | str:
    """One training in this process; its result with row and seed, or one line that says why there is none."""
    from experiments.reports.kept_trainings import keep, take_back
    from garment_sweeps.shards import open_source
    from garment_uv.metrics.aggregate import S2STable
    from garment_uv.training.run import train_to_end

    row, config = job
    folder = work / config.digest()
    try:
        source = open_source(config.data.uri)
        take_back(name, row, config, source.manifest.digest(), folder)

        def report(metrics: dict[str, float]) -> None:
            value = f", {metrics['s2s/all']:.2f} mm on val" if "s2s/all" in metrics else ""
            print(f"  {row}, seed {config.seed}: epoch {metrics['epoch']:.0f}{value}", file=sys.stderr, flush=True)

        found = train_to_end(config, source, folder, ("test",), report)
        keep(name, row, config, folder)
    except UserError as error:
        return f"{row}, seed {config.seed}: {error}"
    for tables in found["tables"].values():
        for table in tables.values():
            figures = S2STable.from_plain(table).to_dict()
            for name, values in table.items():
                values["s2s_mm"] = figures[f"s2s/{name}"]
    return {**found, "row": row, "seed": config.seed, "digest": config.digest()}


if __name__ == "__main__":
    sys.exit(main())
