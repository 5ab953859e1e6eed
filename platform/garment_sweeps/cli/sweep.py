"""`garment sweep` and `garment submit`: many trials, here or on a cluster."""

import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial, wraps
from pathlib import Path
from typing import Any

import click

from garment_sweeps.cli.group import CHANGES, example
from garment_sweeps.cli.results import show_leaderboard
from garment_sweeps.settings.masking import masked
from garment_uv.errors import UserError


@dataclass(frozen=True)
class Asked:
    """The options as they were typed."""

    name: str | None
    trials: int | None
    budget_gpu_hours: float | None
    budget_hours: float | None
    warm_start: tuple[str, ...]
    assignments: tuple[str, ...]
    resume: bool
    overwrite: bool
    accept_code: bool

    def words(self) -> list[str]:
        """The same options for a command line."""
        named: dict[str, Any] = {
            "--name": self.name,
            "--trials": self.trials,
            "--budget-gpu-hours": self.budget_gpu_hours,
            "--budget-hours": self.budget_hours,
            "--warm-start": self.warm_start,
            "--set": self.assignments,
        }
        each = {option: value if isinstance(value, tuple) else (value,) for option, value in named.items() if value}
        flags = {"--resume": self.resume, "--overwrite": self.overwrite, "--accept-code": self.accept_code}
        words = [str(word) for option, values in each.items() for value in values for word in (option, value)]
        return words + [flag for flag, given in flags.items() if given]


OPTIONS = (
    click.option("--name", help="Of the sweep; the experiment's name by default. A taken name is refused."),
    click.option("--trials", type=click.IntRange(1), help="How many in all, instead of the experiment's number."),
    click.option("--budget-gpu-hours", type=float, help="Stop, each trial at a checkpoint, after so many GPU-hours."),
    click.option("--budget-hours", type=float, help="Stop, each trial at a checkpoint, after so many hours."),
    click.option("--resume", is_flag=True, help="Continue the sweep of that name as it was begun, if there is one."),
    click.option("--overwrite", is_flag=True, help="Remove what bears the name (study, checkpoints, runs), and begin."),
    click.option("--accept-code", is_flag=True, help="Continue although other code ran the sweep last."),
    click.option("--warm-start", multiple=True, metavar="SWEEP", help="Begin with what an earlier sweep found."),
    CHANGES,
)


def sweep_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command these options; it takes them as one, `asked`."""

    @wraps(command)
    def called(**given: Any) -> None:
        asked = Asked(**{field.name: given.pop(field.name) for field in fields(Asked)})
        command(asked=asked, **given)

    for option in reversed(OPTIONS):
        called = option(called)
    return called


@click.command(
    epilog=example(
        "garment sweep quickstart",
        "garment sweep loss_weights --name weights-2 --trials 100 --budget-gpu-hours 40",
        "garment sweep weights-2 --resume",
        "garment sweep weights-2 --resume --trials 200 --budget-gpu-hours 80",
        "garment sweep local_branches --warm-start weights-2",
        "garment sweep --replay .garment/decisions/weights-2.jsonl",
        "ray job submit --working-dir . -- garment sweep quickstart",
    )
)
@click.argument("experiment", required=False)
@sweep_options
@click.option("--replay", type=click.Path(path_type=Path), metavar="LOG", help="Repeat a log's decisions; no training.")
def sweep(experiment: str | None, replay: Path | None, asked: Asked) -> None:
    """Search the space of EXPERIMENT (a name or FILE.py[:FUNCTION]), on the cluster at RAY_ADDRESS or right here.

    With --resume EXPERIMENT may be the name of a sweep: it goes on with all that it was begun with.
    """
    if replay is not None:
        _replay(replay)
        return
    if experiment is None:
        raise click.UsageError("name the EXPERIMENT to run, or a LOG with --replay", click.get_current_context())
    from garment_sweeps.api import run
    from garment_sweeps.experiment import Budget, experiment_file
    from garment_sweeps.experiment.load import experiment_with, sweep_named
    from garment_sweeps.study.spec import SweepRequest
    from garment_uv.config import parse_assignments

    if asked.resume and asked.overwrite:
        raise UserError("--resume goes on with a sweep and --overwrite removes it; give one of them")
    begun_by_name = asked.resume and asked.name is None
    load = partial(experiment_with, experiment, asked.assignments)
    request = SweepRequest(
        name=(sweep_named(experiment) if begun_by_name else asked.name) or "",
        trials=asked.trials,
        resume=asked.resume,
        budget=Budget(gpu_hours=asked.budget_gpu_hours, wall_hours=asked.budget_hours),
        warm_start=asked.warm_start,
        overrides=parse_assignments(asked.assignments),
        overwrite=asked.overwrite,
        accept_code=asked.accept_code,
        experiment_file=experiment_file(experiment),
    )
    report = run(load if begun_by_name else load(), request)
    from garment_sweeps.driver.report import report_lines

    try:
        show_leaderboard(report.name)
    except UserError as error:  # the sweep is over, whatever became of MLflow meanwhile
        click.echo(masked(str(error)), err=True)
    for line in report_lines(report):
        click.echo(line)
    report.require_completed()


def _replay(log: Path) -> None:
    from garment_sweeps.ray.session import quiet_ray

    quiet_ray()
    from garment_sweeps.search.replay import replay
    from garment_sweeps.study.decisions import read_file

    done = replay(read_file(log))
    for difference in done.differences[:20]:
        click.echo(str(difference))
    click.echo(f"{done.suggestions} suggestions, {done.results} results and {done.ends} ends repeated")
    if done.differences:
        raise UserError(
            f"{len(done.differences)} decisions came out otherwise than in {log}: "
            "the log is of another version of the code or of its libraries, or it was changed"
        )


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
def submit(
    experiment: str, address: str, asked: Asked, environment: tuple[str, ...], preflight_only: bool, wait: bool
) -> None:
    """Run the sweep of EXPERIMENT on a cluster: the working directory is sent there and `garment sweep` runs in it.

    Before any trial starts, the job looks whether every node could run one; what it lacks ends it within seconds. The
    job gets this shell's GARMENT_STORAGE, GARMENT_OPTUNA_STORAGE, MLFLOW_TRACKING_URI and AWS_ENDPOINT_URL_S3.
    """
    from garment_sweeps.experiment import Budget, experiment_file
    from garment_sweeps.experiment.load import experiment_with
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
