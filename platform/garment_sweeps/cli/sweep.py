"""`garment sweep`."""

import click

from garment_sweeps.cli.group import example


@click.command(
    epilog=example(
        "garment sweep quickstart",
        "garment sweep loss_weights --name weights-2 --trials 100 --budget-gpu-hours 40",
        "garment sweep loss_weights --name weights-2 --resume",
        "ray job submit --working-dir . -- garment sweep quickstart",
    )
)
@click.argument("experiment")
@click.option("--name", help="Of the sweep; the experiment's name by default. A taken name is refused.")
@click.option("--trials", type=click.IntRange(1), help="How many in all, instead of the experiment's number.")
@click.option("--budget-gpu-hours", type=float, help="Stop, each trial at a checkpoint, after so many GPU-hours.")
@click.option("--budget-hours", type=float, help="Stop, each trial at a checkpoint, after so many hours.")
@click.option("--resume", is_flag=True, help="Continue the sweep of that name, if there is one.")
@click.option("--set", "assignments", multiple=True, metavar="PATH=VALUE", help="Change a field of the base config.")
def command(
    experiment: str,
    name: str | None,
    trials: int | None,
    budget_gpu_hours: float | None,
    budget_hours: float | None,
    resume: bool,
    assignments: tuple[str, ...],
) -> None:
    """Search the space of EXPERIMENT (a name or FILE.py[:FUNCTION]), on the cluster at RAY_ADDRESS or right here."""
    from garment_sweeps.budget import Budget
    from garment_sweeps.cli.overrides import experiment_with
    from garment_sweeps.cluster.sweep import run_sweep

    loaded = experiment_with(experiment, assignments)
    budget = Budget(gpu_hours=budget_gpu_hours, wall_hours=budget_hours)
    report = run_sweep(loaded, name=name, trials=trials, resume=resume, budget=budget)
    _show(report)


def _show(report) -> None:
    from garment_sweeps.cli.output import show
    from garment_sweeps.comparison import leaderboard

    show(leaderboard(report.name).table())
    click.echo(
        f"{report.ended} trials ended ({report.complete} complete, {report.pruned} stopped early, "
        f"{report.failed} failed or infeasible), {report.gpu_hours:.2f} device-hours"
    )
    if report.interrupted:
        why = f": {report.stopped_because}" if report.stopped_because else ""
        click.echo(f"{report.interrupted} trials were cut short{why}; --resume goes on with them")
    if report.best_mm is not None:
        click.echo(f"best: {report.best_trial} with {report.best_mm:.2f} mm; next: garment promote {report.name}")
