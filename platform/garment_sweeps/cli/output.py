"""Progress bars and tables on the terminal; every text appears as it is, since rich's markup is off."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[int, int], None]
"""Called with (done, total)."""
EVERY_S = 60.0
"""Between two lines at most, where the output is no terminal, seconds."""
TELLING_S = 2.0
"""From when on the pace tells how long the rest will take, seconds."""


@contextmanager
def progress_bar(title: str, unit: str = "") -> Iterator[Report]:
    """A bar with the time left on a terminal, and lines with it elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, markup=False, emoji=False)
    if not console.is_terminal:
        yield _lines(title, unit)
        return
    title_column = TextColumn("{task.description}", markup=False)
    columns = (title_column, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(f"{title} {unit}".strip(), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def show(renderable: object) -> None:
    """Prints a rich table or text, at full width where the output is no terminal."""
    import sys

    from rich.console import Console

    width = None if sys.stdout.isatty() else 200
    Console(width=width, markup=False, emoji=False).print(renderable)


def _lines(title: str, unit: str) -> Report:
    """Lines about every tenth, and every minute in between, with the time left at the pace since the first report."""
    state = {"tenth": -1, "said": 0.0}
    begun: list[tuple[float, int]] = []

    def report(done: int, total: int) -> None:
        now, tenth = time.monotonic(), 10 * done // max(1, total)
        if not begun:
            begun.append((now, done))
        if tenth > state["tenth"] or now - state["said"] >= EVERY_S:
            state.update(tenth=tenth, said=now)
            seconds = _seconds_left(*begun[0], now, done, total)
            left = "" if seconds is None else f", {_shown(seconds)} left"
            click_echo(f"{title}: {done} of {total} {unit}".rstrip() + left)

    return report


def _seconds_left(start: float, first: int, now: float, done: int, total: int) -> float | None:
    """Seconds that the rest takes at the pace since `start`; None while it cannot be told, and at the end."""
    if done <= first or done >= total or now - start < TELLING_S:
        return None
    return (now - start) * (total - done) / (done - first)


def _shown(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{seconds:.0f} s" if seconds < 90 else f"{minutes} min" if minutes < 90 else f"{seconds / 3600:.1f} h"


def click_echo(line: str) -> None:
    """One line to stderr."""
    import click

    click.echo(line, err=True)
