"""The leaderboard as a table for the terminal, and what it says in sentences."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from garment_sweeps.comparison.leaderboard import Leaderboard
from garment_sweeps.comparison.measure import measure_of
from garment_sweeps.comparison.rows import COST_PREFIX, Row
from garment_sweeps.comparison.significance import LEVEL
from garment_sweeps.tracking.record import HEADLINE
from garment_uv.classes import GARMENT_CLASSES

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

COST_TITLES = {"seconds_per_image": "ms/image", "memory_mib": "MiB", "parameters": "parameters"}
COST_SCALE = {"seconds_per_image": 1000.0}
FEW = 6
"""Of more searched parameters than these a trial's values stand in a line of their own: no terminal is that wide."""


class Column(NamedTuple):
    """Of the table."""

    title: str
    options: dict[str, Any]
    """Of rich."""
    cell: Callable[[Row], str]


def leaderboard_table(board: Leaderboard, most: int = 0) -> "Group":
    """The table and the sentences under it.

    Of more than `most` trials, if it is not 0, only the first ones and those on the Pareto front are shown.
    """
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    shown = [row for place, row in enumerate(board.trials) if not most or place < most or row.on_front]
    columns = _columns(board)
    ranked = "" if board.objective == HEADLINE else f", ranked by {measure_of(board.objective).words}"
    table = Table(title=f"{board.sweep}: S2S in mm, mean of both directions{ranked}", title_justify="left")
    table.add_column("")
    for column in columns:
        table.add_column(column.title, **column.options)
    places = {row.name: place for place, row in enumerate(board.trials, start=1)}
    for row in shown:
        table.add_row(str(places[row.name]), *(column.cell(row) for column in columns))
    table.add_section()
    for row in board.baselines:
        table.add_row("", *(column.cell(row) for column in columns), style="dim")
    lines = leaderboard_lines(board, len(board.trials) - len(shown))
    below = [_values(board, shown, places)] if len(board.differing) > FEW else []
    return Group(table, *below, *(Text(line) for line in lines))


def _values(board: Leaderboard, shown: list[Row], places: dict[str, int]) -> "Table":
    """What was searched, a line a trial, which wraps between parameters."""
    from rich.table import Table

    table = Table(title="what they differ in", title_justify="left", show_header=False, box=None)
    for wraps in (True, False, True):
        table.add_column(no_wrap=not wraps)
    titles = _titles(board.differing)
    for row in shown:
        values = (f"{title}={_param(name, row)}" for name, title in titles.items())
        table.add_row(str(places[row.name]), row.name, " ".join(values))
    return table


def leaderboard_lines(board: Leaderboard, hidden: int = 0) -> list[str]:
    """What can be told apart and what cannot, which trials are on the front, and how many are not shown."""
    lines = _best_lines(board)
    if board.costs:
        names = ", ".join(row.name for row in board.front) or "none"
        lines.append(f"Pareto front over {measure_of(board.objective).words} and {', '.join(board.costs)} (*): {names}")
    if hidden:
        several = f"{hidden} more trials are not shown; --all shows them"
        lines.append("1 more trial is not shown; --all shows it" if hidden == 1 else several)
    return lines


def _best_lines(board: Leaderboard) -> list[str]:
    """What can be said of the best trial, and of others only where there are others."""
    best = board.best
    if best is None:
        return []
    others = [row for row in board.trials if row.estimate is not None and row is not best]
    if best.estimate is None or best.estimate.half_width is None:
        return ["one seed each: small differences may be luck"] if others else []
    mean, half, seeds = best.estimate.mean, best.estimate.half_width, best.estimate.seeds
    lines = [f"best: {best.name}, {mean:.2f} ± {half:.2f} mm over {seeds} seeds ({LEVEL:.0%} interval)"]
    if any(row.repeated for row in others):
        alike = ", ".join(row.name for row in board.alike)
        otherwise = "the other trials of several seeds are worse than it by more than their noise"
        lines.append(f"cannot be told apart from it: {alike}" if alike else otherwise)
        lines.append("trials that share a letter cannot be told apart (Tukey's test)")
    if not all(row.repeated for row in others):
        lines.append("trials of one seed are compared with none: their value may be luck")
    return lines


def _columns(board: Leaderboard) -> list[Column]:
    right: dict[str, Any] = {"justify": "right"}
    columns = [
        Column("trial", {"overflow": "fold", "min_width": 11}, lambda row: row.name),
        Column("outcome", {}, lambda row: "over limit" if row.over_limit else row.outcome),
        Column("epoch", right, lambda row: _number(row.metrics.get("epoch"), 0)),
        Column(_column(board.objective), right, lambda row: _number(row.mean(board.objective), 2)),
    ]
    if any(row.repeated for row in board.trials):
        columns.append(Column("±", right, lambda row: _number(row.estimate.half_width if row.estimate else None, 2)))
        columns.append(Column("seeds", right, _seeds))
        columns.append(Column("alike", {}, lambda row: row.estimate.letters if row.estimate is not None else ""))
    columns += [Column(COST_TITLES.get(name, name), right, partial(_cost, name)) for name in board.costs]
    if board.costs:
        columns.append(Column("front", {"justify": "center"}, lambda row: "*" if row.on_front else ""))
    measured = {metric for row in (*board.trials, *board.baselines) for metric in row.metrics}
    for metric in (HEADLINE, *sorted(measured & {f"s2s/{name}" for name in GARMENT_CLASSES})):
        if metric in measured and metric != board.objective:
            columns.append(Column(_column(metric), right, partial(_error, metric)))
    if len(board.differing) <= FEW:
        titles = _titles(board.differing)
        columns += [Column(titles[name], {"overflow": "fold"}, partial(_param, name)) for name in board.differing]
    return columns


def _error(metric: str, row: Row) -> str:
    return _number(row.mean(metric), 2)


def _param(name: str, row: Row) -> str:
    """A parameter, if a fraction with four digits, so that a column of rates is not a tower of them."""
    value = row.params.get(name, "")
    try:
        return value if value.lstrip("-").isdigit() else f"{float(value):.4g}"
    except ValueError:
        return value


def _seeds(row: Row) -> str:
    if row.estimate is None:
        return ""
    lost = sum(repeat.outcome in ("infeasible", "failed") for repeat in row.repeats)
    seeds = str(row.estimate.seeds) if row.repeated else "one seed"
    return f"{seeds} ({lost} failed)" if lost else seeds


def _cost(name: str, row: Row) -> str:
    value = row.metrics.get(COST_PREFIX + name)
    if value is None:
        return ""
    return f"{value:,.0f}" if name == "parameters" else f"{value * COST_SCALE.get(name, 1.0):,.4g}"


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _column(metric: str) -> str:
    """The heading of an error's column."""
    return metric.removeprefix("s2s/")


def _titles(names: tuple[str, ...]) -> dict[str, str]:
    """By parameter the last part of its path, or all of it where another one ends alike."""
    ends = Counter(name.rpartition(".")[2] for name in names)
    return {name: last if ends[last := name.rpartition(".")[2]] == 1 else name for name in names}
