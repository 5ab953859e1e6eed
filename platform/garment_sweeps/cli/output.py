"""Progress bars and tables on the terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[int, int], None]
"""Called with (done, total)."""


@contextmanager
def progress_bar(title: str, unit: str = "") -> Iterator[Report]:
    """A bar with the time left on a terminal, and a line about every tenth elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(title, unit)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(f"{title} {unit}".strip(), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def show(renderable: object) -> None:
    """Prints a rich table or text, at full width where the output is no terminal."""
    import sys

    from rich.console import Console

    console = Console() if sys.stdout.isatty() else Console(width=200)
    console.print(renderable)


def _lines(title: str, unit: str) -> Report:
    state = {"tenth": -1}

    def report(done: int, total: int) -> None:
        tenth = 10 * done // max(1, total)
        if tenth > state["tenth"]:
            state["tenth"] = tenth
            click_echo(f"{title}: {done} of {total} {unit}".rstrip())

    return report


def click_echo(line: str) -> None:
    """One line to stderr."""
    import click

    click.echo(line, err=True)
