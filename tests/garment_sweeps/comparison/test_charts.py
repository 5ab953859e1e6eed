"""Charts: that they are well formed, hold every point at its place, and have axes that read well."""

import xml.etree.ElementTree as ElementTree

import pytest

from garment_sweeps.comparison.charts import Dot, Line, axis, line_chart, scatter_chart


def circles(svg):
    return [(float(c.get("cx")), float(c.get("cy")), c[0].text) for c in ElementTree.fromstring(svg).iter("circle")]


def test_every_point_is_there_and_says_its_values():
    svg = line_chart([Line("<a> & b", 0, ((1, 40.0), (2, 20.0), (4, 10.0))), Line("c", 9, ((1, 30.0),))], "epoch", "mm")
    first, second, third, other = circles(svg)
    assert first[2] == "<a> & b, epoch 1: 40.00"
    assert first[0] == other[0] < second[0] < third[0] and first[1] < other[1] < second[1] < third[1]
    assert "stroke-dasharray" in svg  # the tenth run has the colour of the second


def test_no_points_give_no_chart_and_one_gives_one():
    assert line_chart([Line("a", 0, ())], "epoch", "mm") == ""
    assert len(circles(line_chart([Line("a", 0, ((3, 7.0),))], "epoch", "mm"))) == 1
    assert len(circles(line_chart([Line("a", 0, ((1, -7.0), (2, 700.0)))], "epoch", "loss"))) == 2


def test_the_front_goes_along_what_nothing_is_left_of_and_below_of():
    dots = [Dot("a", 1, 10), Dot("b", 2, 5, place=0, on_front=True), Dot("c", 3, 7), Dot("d", 4, 4)]
    svg = scatter_chart(dots, "ms", "mm", front=True)
    places = {text.partition(":")[0]: (x, y) for x, y, text in circles(svg)}
    path = next(ElementTree.fromstring(svg).iter("path")).get("d")
    assert all(f"{places[name][1]:.1f}" in path for name in "abd") and f"{places['c'][1]:.1f}" not in path
    assert "b: 2, 5.00, on the front" in svg


@pytest.mark.parametrize(
    "values, log, ticks",
    [
        ([0.0, 10.0], False, (0, 2, 4, 6, 8, 10)),
        ([9.0, 61.0], True, (10, 15, 20, 30, 40, 50)),
        ([1e-3, 10.0], True, (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)),
    ],
)
def test_ticks_are_round_numbers(values, log, ticks):
    assert axis(values, log).ticks == pytest.approx(ticks)


def test_epochs_are_whole_numbers():
    assert axis([1, 2], log=False, whole=True).ticks == (1, 2)
