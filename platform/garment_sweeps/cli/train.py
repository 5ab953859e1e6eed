"""`garment train` and `garment train-body`: one training, without Ray."""

import signal
import sys
from pathlib import Path
from typing import Any

import click

from garment_sweeps.cli.group import CHANGES, DATASET, example


@click.command(
    epilog=example(
        "garment train quickstart --set training.epochs=3",
        "garment train experiments/loss_weights.py --set training.device=cuda --name one --out model",
    )
)
@click.argument("experiment")
@CHANGES
@click.option("--name", help="Of the training; train-EXPERIMENT by default. A taken name is refused.")
@click.option("--resume", is_flag=True, help="Go on from the newest checkpoint of that name.")
@click.option("--accept-code", is_flag=True, help="Go on although other code trained before.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the trained model to this folder as well.")
def train(
    experiment: str, assignments: tuple[str, ...], name: str | None, resume: bool, accept_code: bool, out: Path | None
) -> None:
    """Train the base config of EXPERIMENT (a name or FILE.py[:FUNCTION]) once, without Ray, tracked in MLflow."""
    from garment_sweeps.experiment.load import experiment_with
    from garment_sweeps.settings.environment import Settings
    from garment_sweeps.settings.names import checked_name, dataset_uri
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

    def told(result: dict[str, Any]) -> None:
        epoch = result["epoch"]
        value = f"  {result['s2s_mm']:.2f} mm" if "s2s_mm" in result else "  "
        _say_epoch(epoch, loaded.epochs, value, result["device_seconds"] / max(1, epoch))

    result = train_once(loaded, base, request, settings, told)
    run = result.get("run_id", "not yet known to MLflow")
    click.echo(f"trained {result['epoch']} epochs, {result.get('s2s_mm', float('nan')):.2f} mm; run {run}")


def _say_epoch(epoch: int, epochs: int, value: str, seconds: float) -> None:
    """How an epoch went, and how long the rest will take at so many seconds each."""
    click.echo(f"epoch {epoch} of {epochs}{value}  about {seconds * (epochs - epoch) / 60:.1f} min left")


@click.command(
    epilog=example(
        "garment train-body --data .garment/open192/128 --out .garment/body",
        "garment train-body --data .garment/open192/128 --out .garment/body-long --set epochs=200 --set threads=2",
    )
)
@DATASET
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the network.")
@click.option("--set", "assignments", multiple=True, metavar="PATH=VALUE", help="Change a field of BodyFitConfig.")
def train_body(uri: str, out: Path, assignments: tuple[str, ...]) -> None:
    """Train the network that takes a body from the picture alone; repeat the command to go on with it.

    `garment reconstruct` and `garment evaluate` take it as --body-model, or find it as the folder `body` inside a
    model's folder.
    """
    from garment_sweeps.storage import open_source
    from garment_sweeps.storage.uri import local_folder
    from garment_uv.config import parse_assignments
    from garment_uv.estimation.config import BodyFitConfig
    from garment_uv.estimation.trainer import BodyEpoch, train_body
    from garment_uv.guard import keep_inputs

    config = BodyFitConfig().with_values({"uri": uri, **parse_assignments(assignments)})
    keep_inputs([out], [local_folder(config.uri)])
    seconds: list[float] = []

    def told(epoch: BodyEpoch) -> None:
        seconds.append(epoch.seconds)
        value = f"  {errors_in_words(epoch.errors)}" if epoch.errors else ""
        _say_epoch(epoch.epoch, config.epochs, value, sum(seconds) / len(seconds))

    card = train_body(config, open_source(config.uri), out, told)
    click.echo(f"wrote {out}: {card.epoch} epochs; on {config.split}, {errors_in_words(card.errors)}")


def errors_in_words(errors: dict[str, float]) -> str:
    """The errors that tell most, in words."""
    return (
        f"joints {errors['joints_mm']:.0f} mm, {errors['degrees']:.1f} degrees a joint, the root's turn "
        f"{errors['root_degrees']:.1f} degrees, its place in the picture {errors['root_mm']:.0f} mm"
    )
