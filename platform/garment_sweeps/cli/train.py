"""`garment train`."""

import signal
import sys
from pathlib import Path

import click

from garment_sweeps.cli.group import example


@click.command(
    epilog=example(
        "garment train quickstart --set training.epochs=3",
        "garment train experiments/loss_weights.py --set training.device=cuda --name one --out model",
    )
)
@click.argument("experiment")
@click.option("--set", "assignments", multiple=True, metavar="PATH=VALUE", help="Change a field of the base config.")
@click.option("--name", help="Of the training; train-EXPERIMENT by default. A taken name is refused.")
@click.option("--resume", is_flag=True, help="Go on from the newest checkpoint of that name.")
@click.option("--accept-code", is_flag=True, help="Go on although other code trained before.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the trained model to this folder as well.")
def command(
    experiment: str,
    assignments: tuple[str, ...],
    name: str | None,
    resume: bool,
    accept_code: bool,
    out: Path | None,
) -> None:
    """Train the base config of EXPERIMENT (a name or FILE.py[:FUNCTION]) once, without Ray, tracked in MLflow."""
    from garment_sweeps.experiment.overrides import experiment_with
    from garment_sweeps.settings.datasets import dataset_uri
    from garment_sweeps.settings.environment import Settings
    from garment_sweeps.settings.names import checked_name
    from garment_sweeps.storage.uri import local_folder
    from garment_uv.guard import keep_inputs

    loaded = experiment_with(experiment, assignments)
    name = checked_name(name or f"train-{loaded.name}")
    settings = Settings.from_environment()
    base = loaded.base.with_values({"data.uri": dataset_uri(loaded.base.data.uri, settings.home)})
    keep_inputs([out] if out else [], [local_folder(base.data.uri)])
    from garment_sweeps.experiment import experiment_file
    from garment_sweeps.trials.single import TrainingRequest, train_once

    signal.signal(signal.SIGTERM, lambda signum, frame: sys.exit(128 + signum))  # so that its runs are closed
    request = TrainingRequest(name, resume, accept_code, out, experiment_file(experiment))
    result = train_once(loaded, base, request, settings, _Epochs(loaded.epochs))
    run = result.get("run_id", "not yet known to MLflow")
    click.echo(f"trained {result['epoch']} epochs, {result.get('s2s_mm', float('nan')):.2f} mm; run {run}")


class _Epochs:
    """Says how each epoch went and how long the rest will take."""

    def __init__(self, epochs: int) -> None:
        self._epochs = epochs

    def __call__(self, result: dict) -> None:
        epoch = result["epoch"]
        left = result["device_seconds"] / max(1, epoch) * (self._epochs - epoch)
        value = f"{result['s2s_mm']:.2f} mm" if "s2s_mm" in result else ""
        click.echo(f"epoch {epoch} of {self._epochs}  {value}  about {left / 60:.1f} min left")
