"""`garment sweep`."""

from functools import partial
from pathlib import Path

import click

from garment_sweeps.cli.group import example
from garment_sweeps.cli.sweep_options import Asked, sweep_options
from garment_uv.errors import UserError


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
def command(experiment: str | None, replay: Path | None, asked: Asked) -> None:
    """Search the space of EXPERIMENT (a name or FILE.py[:FUNCTION]), on the cluster at RAY_ADDRESS or right here.

    With --resume EXPERIMENT may be the name of a sweep: it goes on with all that it was begun with.
    """
    if replay is not None:
        _replay(replay)
        return
    if experiment is None:
        raise click.UsageError("name the EXPERIMENT to run, or a LOG with --replay", click.get_current_context())
    from garment_sweeps.api.run_sweep import run
    from garment_sweeps.experiment import experiment_file
    from garment_sweeps.experiment.budget import Budget
    from garment_sweeps.experiment.overrides import experiment_with, sweep_named
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
    _show(report)
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


def _show(report) -> None:
    from garment_sweeps.cli.leaderboard import SHOWN
    from garment_sweeps.cli.output import show
    from garment_sweeps.comparison.leaderboard import leaderboard
    from garment_sweeps.comparison.table import leaderboard_table
    from garment_sweeps.driver.report import report_lines
    from garment_sweeps.settings.masking import masked

    try:
        show(leaderboard_table(leaderboard(report.name), SHOWN))
    except UserError as error:  # the sweep is over, whatever became of MLflow meanwhile
        click.echo(masked(str(error)), err=True)
    for line in report_lines(report):
        click.echo(line)
