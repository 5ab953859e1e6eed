"""What `garment sweep` and `garment submit` let a caller ask of a sweep."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from typing import Any

import click


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
    click.option(
        "--set", "assignments", multiple=True, metavar="PATH=VALUE", help="Change a field of the base config."
    ),
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
