"""`garment train-body`."""

from pathlib import Path

import click

from garment_sweeps.cli.group import example


@click.command(
    epilog=example(
        "garment train-body --data .garment/open192/128 --out .garment/body",
        "garment train-body --data .garment/open192/128 --out .garment/body-long --set epochs=200 --set threads=2",
    )
)
@click.option("--data", "uri", required=True, help="Dataset: a folder or s3://bucket/prefix.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the network.")
@click.option("--set", "assignments", multiple=True, metavar="PATH=VALUE", help="Change a field of BodyFitConfig.")
def command(uri: str, out: Path, assignments: tuple[str, ...]) -> None:
    """Train the network that takes a body from the picture alone; repeat the command to go on with it.

    `garment reconstruct` and `garment evaluate` take it as --body-model, or find it as the folder `body` inside a
    model's folder.
    """
    from garment_sweeps.storage import open_source
    from garment_sweeps.storage.uri import local_folder
    from garment_uv.config import parse_assignments
    from garment_uv.estimation.config import BodyFitConfig
    from garment_uv.estimation.trainer import train_body
    from garment_uv.guard import keep_inputs

    config = BodyFitConfig().with_values({"uri": uri, **parse_assignments(assignments)})
    keep_inputs([out], [local_folder(config.uri)])
    card = train_body(config, open_source(config.uri), out, _Epochs(config.epochs))
    click.echo(f"wrote {out}: {card.epoch} epochs; on {config.split}, {errors_in_words(card.errors)}")


def errors_in_words(errors: dict[str, float]) -> str:
    """The errors that tell most, in words."""
    return (
        f"joints {errors['joints_mm']:.0f} mm, {errors['degrees']:.1f} degrees a joint, the root's turn "
        f"{errors['root_degrees']:.1f} degrees, its place in the picture {errors['root_mm']:.0f} mm"
    )


class _Epochs:
    """Says how each look at the validation split went and how long the rest will take."""

    def __init__(self, epochs: int) -> None:
        self._epochs, self._seconds, self._done = epochs, 0.0, 0

    def __call__(self, epoch) -> None:
        self._seconds, self._done = self._seconds + epoch.seconds, self._done + 1
        left = self._seconds / self._done * (self._epochs - epoch.epoch)
        value = f"  {errors_in_words(epoch.errors)}" if epoch.errors else ""
        click.echo(f"epoch {epoch.epoch} of {self._epochs}{value}  about {left / 60:.1f} min left")
