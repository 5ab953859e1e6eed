"""`garment submit`."""

import click

from garment_sweeps.cli.group import example
from garment_uv.errors import UserError


@click.command(
    epilog=example(
        "garment submit loss_weights --address http://head:8265 --trials 100",
        "garment submit quickstart --address http://127.0.0.1:8265 --no-wait",
    )
)
@click.argument("experiment")
@click.option("--address", required=True, help="URL of the cluster's dashboard, as http://head:8265.")
@click.option("--name", help="Of the sweep; the experiment's name by default.")
@click.option("--trials", type=click.IntRange(1), help="How many in all, instead of the experiment's number.")
@click.option("--budget-gpu-hours", type=float, help="Stop, each trial at a checkpoint, after so many GPU-hours.")
@click.option("--resume", is_flag=True, help="Continue the sweep of that name, if there is one.")
@click.option("--set", "assignments", multiple=True, metavar="PATH=VALUE", help="Change a field of the base config.")
@click.option("--env", "environment", multiple=True, metavar="NAME=VALUE", help="For the job; not for keys.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Follow the job's output until it ends.")
def command(
    experiment: str,
    address: str,
    name: str | None,
    trials: int | None,
    budget_gpu_hours: float | None,
    resume: bool,
    assignments: tuple[str, ...],
    environment: tuple[str, ...],
    wait: bool,
) -> None:
    """Run the sweep of EXPERIMENT on a cluster: the working directory is sent there and `garment sweep` runs in it."""
    from garment_sweeps.cli.overrides import experiment_with
    from garment_sweeps.cluster.submit import follow, submit

    experiment_with(experiment, assignments)  # mistakes are said here, not after the upload
    arguments = [experiment]
    arguments += ["--name", name] if name else []
    arguments += ["--trials", str(trials)] if trials else []
    arguments += ["--budget-gpu-hours", str(budget_gpu_hours)] if budget_gpu_hours else []
    arguments += ["--resume"] if resume else []
    for assignment in assignments:
        arguments += ["--set", assignment]
    job = submit(address, arguments, _variables(environment))
    click.echo(f"job {job} on {address}")
    if wait:
        status = follow(address, job, lambda text: click.echo(text, nl=False))
        if status != "SUCCEEDED":
            raise UserError(f"job {job} ended as {status}; see `ray job logs {job} --address {address}`")


def _variables(environment: tuple[str, ...]) -> dict[str, str]:
    for text in environment:
        if "=" not in text:
            raise UserError(f"--env takes NAME=VALUE, was given {text!r}; as --env GARMENT_HOME=/shared/garment")
    return dict(text.split("=", 1) for text in environment)
