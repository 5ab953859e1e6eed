"""S2S per class over the epochs on the open benchmark set, beside the baselines: CSV and picture.

    garment data benchmark --out .garment/open192 --size 128 --workers 2
    OMP_NUM_THREADS=1 python experiments/benchmarks/learning_curves.py [--epochs 20] [--set PATH=VALUE]

The full row of `experiments/paper_ablation.py`, measured on the whole validation split every second epoch, whose
subjects and outfits are not trained on. The same command goes on after anything ended it.
"""

import argparse
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from experiments.benchmarks.conditions import RESULTS, conditions, write_csv
from garment_sweeps.experiment.load import load_experiment
from garment_sweeps.storage import open_source
from garment_uv.config import parse_assignments
from garment_uv.errors import UserError
from garment_uv.metrics.baselines import baseline_tables
from garment_uv.metrics.published import PUBLISHED_COLUMNS
from garment_uv.training.run import read_curve, train_to_end

NAME = "learning_curves"
SPLIT = "val"


def baseline_figures(source) -> dict[str, dict[str, float]]:
    """S2S in mm of each baseline by class and 'all'."""
    figures = {}
    for name, table in baseline_tables(source, SPLIT).items():
        values = table.to_dict()
        figures[name] = {column: values[f"s2s/{column}"] for column in PUBLISHED_COLUMNS if f"s2s/{column}" in values}
    return figures


def write(name: str, curve: list[dict[str, float]], baselines: dict[str, dict[str, float]], about: str) -> None:
    """`<name>.csv` and `<name>.png` under experiments/results/ of the epochs measured so far."""
    measured = [epoch for epoch in curve if "s2s/all" in epoch]
    rows = [
        (
            int(epoch["epoch"]),
            column,
            round(epoch[f"s2s/{column}"], 3),
            *(round(baselines[b][column], 3) for b in baselines),
        )
        for epoch in measured
        for column in PUBLISHED_COLUMNS
        if f"s2s/{column}" in epoch
    ]
    write_csv(name, about, ("epoch", "class", "s2s_mm", *baselines), rows)
    figure, axes = plt.subplots(2, 4, figsize=(14, 6), sharex=True)
    for axis, column in zip(axes.flat, PUBLISHED_COLUMNS, strict=False):
        own = [(row[0], row[2]) for row in rows if row[1] == column]
        if own:
            axis.plot(*zip(*own, strict=True), marker=".", label="model")
        for style, (baseline, values) in zip(("-", "--", ":"), baselines.items(), strict=True):
            if column in values:
                axis.axhline(values[column], color="0.5", linestyle=style, label=baseline.replace("_", " "))
        axis.set(title=column, ylim=(0, None))
    handles, labels = axes.flat[0].get_legend_handles_labels()
    axes.flat[-1].axis("off")
    axes.flat[-1].legend(handles, labels, loc="center")
    figure.supxlabel("epoch")
    figure.supylabel("S2S on val, mm")
    figure.tight_layout()
    figure.savefig(RESULTS / f"{name}.png", dpi=100)
    plt.close(figure)


def main() -> int:
    """Train and write after each measured epoch; 1 where the dataset is not there or the training failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=".garment/open192/128")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--set", dest="changes", action="append", default=[], metavar="PATH=VALUE")
    parser.add_argument("--work", type=Path, default=Path(f".garment/{NAME}"), help="the training under way")
    parser.add_argument("--name", default=NAME, help="of the files under experiments/results/")
    chosen = parser.parse_args()
    base = load_experiment(str(Path(__file__).resolve().parents[1] / "paper_ablation.py")).base
    fixed = {"data.uri": chosen.data, "training.epochs": chosen.epochs, "evaluation.max_samples": 0}
    try:
        config = base.with_values({**fixed, **parse_assignments(chosen.changes)})
        source = open_source(chosen.data)
        baselines = baseline_figures(source)
        about = f"{conditions(config.seed)}; dataset {source.manifest.digest()}, split {SPLIT}"
        folder = chosen.work / config.digest()

        def report(metrics: dict[str, float]) -> None:
            if "s2s/all" in metrics:
                print(f"epoch {metrics['epoch']:.0f}: {metrics['s2s/all']:.2f} mm", flush=True)
                write(chosen.name, read_curve(folder), baselines, about)

        result = train_to_end(config, source, folder, ("test",), report)
        write(chosen.name, read_curve(folder), baselines, about)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    print(result["reason"] or f"trained {chosen.epochs} epochs in {result['seconds']:.0f} s")
    return int(bool(result["reason"]))


if __name__ == "__main__":
    sys.exit(main())
