"""`garment submit`."""

import os

import click

from garment_sweeps.cli.group import example
from garment_sweeps.cli.sweep_options import Asked, sweep_options
from garment_uv.errors import UserError


@click.command(
    epilog=example(
        "garment submit loss_weights --address http://head:8265 --trials 100",
        "garment submit quickstart --address http://127.0.0.1:8265 --no-wait",
        "garment submit local_branches --address http://head:8265 --preflight-only",
    )
)
@click.argument("experiment")
@click.option("--address", required=True, help="URL of the cluster's dashboard, as http://head:8265.")
@sweep_options
@click.option("--env", "environment", multiple=True, metavar="NAME=VALUE", help="For the job; not for keys.")
@click.option("--preflight-only", is_flag=True, help="Say whether the cluster could run it, and begin nothing.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Follow the job's output until it ends.")
def command(
    experiment: str, address: str, asked: Asked, environment: tuple[str, ...], preflight_only: bool, wait: bool
) -> None:
    """Run the sweep of EXPERIMENT on a cluster: the working directory is sent there and `garment sweep` runs in it.

    Before any trial starts, the job looks whether every node could run one; what it lacks ends it within seconds. The
    job gets this shell's GARMENT_STORAGE, GARMENT_OPTUNA_STORAGE, MLFLOW_TRACKING_URI and AWS_ENDPOINT_URL_S3.
    """
    from garment_sweeps.experiment import experiment_file
    from garment_sweeps.experiment.budget import Budget
    from garment_sweeps.experiment.overrides import experiment_with
    from garment_sweeps.ray.submit import follow, settings_to_send, submit
    from garment_sweeps.tracking.code_state import code_state, to_environment

    if not asked.resume:
        experiment_with(experiment, asked.assignments)  # mistakes are said here, not after the upload
    Budget(gpu_hours=asked.budget_gpu_hours, wall_hours=asked.budget_hours)
    sent, notes = settings_to_send(os.environ)
    for note in notes:
        click.echo(f"note: {note}")
    arguments = [experiment, *(asked.assignments if preflight_only else asked.words())]
    code = to_environment(code_state(experiment_file=experiment_file(experiment)))
    variables = {**code, **sent, **_variables(environment)}
    job = submit(address, arguments, variables, preflight_only=preflight_only)
    click.echo(f"job {job} on {address}")
    if wait or preflight_only:
        status, last_words = follow(address, job, lambda text: click.echo(text, nl=False))
        if status != "SUCCEEDED":
            raise UserError(
                f"job {job} ended as {status}: {last_words or f'see ray job logs {job} --address {address}'}"
            )


def _variables(environment: tuple[str, ...]) -> dict[str, str]:
    for text in environment:
        if "=" not in text:
            raise UserError(f"--env takes NAME=VALUE, was given {text!r}; as --env GARMENT_HOME=/shared/garment")
    return dict(text.split("=", 1) for text in environment)
