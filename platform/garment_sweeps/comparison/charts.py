"""Charts as inline SVG: lines by epoch and points in a plane, with axes that read well."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 620, 300
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 10, 46
COLOURS = ("#1f6fb4", "#d9730d", "#2a8a57", "#b23a8f", "#6b4fbb", "#8c564b", "#12869a", "#5f6672")
"""Of the runs, by place; they begin again after the last, with dashes."""
WIDE_RANGE = 5.0
"""A curve whose largest value is so many times its smallest is drawn on a logarithmic axis."""


@dataclass(frozen=True)
class Line:
    """One run's curve."""

    label: str
    place: int
    """The run's place on the page, which decides its colour."""
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Dot:
    """One trial in a plane."""

    label: str
    x: float
    y: float
    place: int = -1
    """The run's place on the page; -1 of a trial that is no column of it."""
    on_front: bool = False


@dataclass(frozen=True)
class Axis:
    """From data to pixels."""

    low: float
    high: float
    log: bool
    ticks: tuple[float, ...]

    def share(self, value: float) -> float:
        """0 at the low end, 1 at the high end."""
        scale: Callable[[float], float] = math.log if self.log else float
        low, high = scale(self.low), scale(self.high)
        return (scale(value) - low) / (high - low)


def colour(place: int) -> str:
    """The colour of the run at that place; grey of none."""
    return COLOURS[place % len(COLOURS)] if place >= 0 else "#b9b9b4"


def line_chart(lines: Sequence[Line], x_title: str, y_title: str) -> str:
    """Lines over epochs, with a dot at every point that says its values; empty without any point."""
    points = [point for line in lines for point in line.points]
    if not points:
        return ""
    x = axis([p[0] for p in points], log=False, whole=True)
    values = [p[1] for p in points]
    y = axis(values, log=min(values) > 0 and max(values) > WIDE_RANGE * min(values))
    parts = [_frame(x, y, x_title, y_title)]
    for line in lines:
        places = [(_x(x, px), _y(y, py)) for px, py in line.points]
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in places)
        dash = ' stroke-dasharray="6 4"' if line.place >= len(COLOURS) else ""
        dots = "".join(
            f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3"><title>{escape(line.label)}, epoch {epoch:g}: '
            f"{value:.2f}</title></circle>"
            for (px, py), (epoch, value) in zip(places, line.points, strict=True)
        )
        parts.append(
            f'<g class="of-run" data-run="{line.place}" stroke="{colour(line.place)}" fill="{colour(line.place)}">'
            f'<polyline points="{path}" fill="none" stroke-width="2"{dash}/>{dots}</g>'
        )
    return _svg(parts)


def scatter_chart(dots: Sequence[Dot], x_title: str, y_title: str, front: bool) -> str:
    """Dots, those of the page's runs with their names; `front` joins those on the Pareto front of these two axes."""
    xs, ys = [dot.x for dot in dots], [dot.y for dot in dots]
    x = axis(xs, log=min(xs) > 0 and max(xs) > WIDE_RANGE * min(xs))
    y = axis(ys, log=min(ys) > 0 and max(ys) > WIDE_RANGE * min(ys))
    parts = [_frame(x, y, x_title, y_title)]
    if front:
        parts.append(f'<path d="{_stairs(x, y, dots)}" fill="none" stroke="#444" stroke-dasharray="4 3"/>')
    for dot in sorted(dots, key=lambda dot: (dot.place >= 0, dot.on_front)):
        named = dot.place >= 0
        edge = ' stroke="#222" stroke-width="1.4"' if dot.on_front else ""
        px, py = _x(x, dot.x), _y(y, dot.y)
        words = f"{dot.label}: {dot.x:,.4g}, {dot.y:.2f}{', on the front' if dot.on_front else ''}"
        end = px > WIDTH - 90
        text = (
            f'<text x="{px + (-8 if end else 8):.1f}" y="{py - 6:.1f}" text-anchor="{"end" if end else "start"}" '
            f'fill="{colour(dot.place)}">{escape(dot.label)}</text>'
        )
        parts.append(
            f'<g class="{"of-run" if named else "other"}" data-run="{dot.place}"><circle cx="{px:.1f}" cy="{py:.1f}" '
            f'r="{5.5 if named else 3.5}" fill="{colour(dot.place)}"{edge}><title>{escape(words)}</title></circle>'
            f"{text if named else ''}</g>"
        )
    return _svg(parts)


def axis(values: Sequence[float], log: bool, whole: bool = False) -> Axis:
    """An axis over all values with ticks at round numbers; `whole` puts ticks at whole numbers alone."""
    low, high = min(values), max(values)
    if high == low:
        low, high = (low / 1.5, high * 1.5) if log else (low - 0.5, high + 0.5)
    if log:
        low, high = low / 1.08, high * 1.08
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        steps = (1, 2, 5) if high > 30 * low else (1, 1.5, 2, 3, 4, 5, 7)
        marks = [step * 10.0**decade for decade in decades for step in steps]
        return Axis(low, high, True, tuple(mark for mark in marks if low <= mark <= high))
    step = _round_step((high - low) / 5)
    step = max(1.0, step) if whole else step
    room = 0.0 if whole else 0.04 * (high - low)
    first = math.ceil((low - room) / step)
    ticks = tuple(place * step for place in range(first, math.floor((high + room) / step + 1e-9) + 1))
    return Axis(low - room, high + room, False, ticks)


def _round_step(rough: float) -> float:
    unit = 10.0 ** math.floor(math.log10(rough))
    return next(unit * step for step in (1, 2, 5, 10) if unit * step >= rough * (1 - 1e-9))


def _stairs(x: Axis, y: Axis, dots: Sequence[Dot]) -> str:
    """Steps along the dots that no other is left of and below of."""
    path, lowest = "", math.inf
    for dot in sorted(dots, key=lambda dot: (dot.x, dot.y)):
        if dot.y >= lowest:
            continue
        lowest = dot.y
        px, py = _x(x, dot.x), _y(y, dot.y)
        path += f"M{px:.1f},{TOP} V{py:.1f}" if not path else f" H{px:.1f} V{py:.1f}"
    return f"{path} H{WIDTH - RIGHT}"


def _frame(x: Axis, y: Axis, x_title: str, y_title: str) -> str:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    lines = [
        f'<line x1="{LEFT}" x2="{right}" y1="{_y(y, tick):.1f}" y2="{_y(y, tick):.1f}" class="rule"/>'
        f'<text x="{LEFT - 6}" y="{_y(y, tick) + 4:.1f}" text-anchor="end">{tick:,.4g}</text>'
        for tick in y.ticks
    ]
    lines += [
        f'<line x1="{_x(x, tick):.1f}" x2="{_x(x, tick):.1f}" y1="{bottom}" y2="{bottom + 4}" class="axis"/>'
        f'<text x="{_x(x, tick):.1f}" y="{bottom + 19}" text-anchor="middle">{tick:,.4g}</text>'
        for tick in x.ticks
    ]
    return (
        f'<g class="frame">{"".join(lines)}<line x1="{LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}" class="axis"/>'
        f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 5}" text-anchor="middle">{escape(x_title)}</text>'
        f'<text transform="translate(15 {(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">{escape(y_title)}'
        f"{' (logarithmic)' if y.log else ''}</text></g>"
    )


def _svg(parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" class="chart" role="img">{"".join(parts)}</svg>'


def _x(x: Axis, value: float) -> float:
    return LEFT + x.share(value) * (WIDTH - LEFT - RIGHT)


def _y(y: Axis, value: float) -> float:
    return HEIGHT - BOTTOM - y.share(value) * (HEIGHT - TOP - BOTTOM)
