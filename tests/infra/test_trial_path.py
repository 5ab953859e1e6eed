"""The way from an experiment to a trial's first step is the one that docs/trial.md says, and stays short."""

import ast
import re
from pathlib import Path
from typing import NamedTuple

from tests.infra.files import ROOT

ENTERED, RETURNED = 15, 8
"""Calls from one room into another, and returns from them, at most."""
ROW = re.compile(r"^\| ([\d.]+) \| .* \| `([\w./]+)::([\w.]+)` \| (?:`(\w+)`)? ?\|$", re.MULTILINE)


class Step(NamedTuple):
    """A line of the page."""

    number: str
    file: str
    name: str
    handed: str

    @property
    def room(self) -> Path:
        return Path(self.file).parent

    @property
    def caller(self) -> str:
        """The number of the line that calls this one; none calls the first."""
        above, _, last = self.number.rpartition(".")
        return above or str(int(last) - 1)

    def source(self) -> str:
        """Of the function or class."""
        text = (ROOT / self.file).read_text()
        node: ast.AST = ast.parse(text)
        for part in self.name.split("."):
            node = next(inner for inner in ast.iter_child_nodes(node) if getattr(inner, "name", "") == part)
        return ast.get_source_segment(text, node) or ""


def steps() -> dict[str, Step]:
    page = (ROOT / "docs" / "trial.md").read_text()
    return {number: Step(number, *rest) for number, *rest in ROW.findall(page)}


def test_each_step_names_the_next_or_what_it_hands_over():
    path = steps()
    assert [path[number].name for number in ("1", "11")] == ["run", "Trainer.train_epoch"]
    for step in path.values():
        assert step.source(), step
        if step.number == "1":
            continue
        named = step.handed or step.name.rpartition(".")[2]
        assert re.search(rf"\b_?{named}\b", path[step.caller].source()), f"{path[step.caller]} does not name {step}"


def test_the_lines_stand_in_the_order_of_the_calls():
    numbers = [tuple(map(int, number.split("."))) for number in steps()]
    assert numbers == sorted(numbers)


def test_few_rooms_are_entered_and_left():
    path = steps()
    crossings = [step for step in path.values() if step.number == "1" or step.room != path[step.caller].room]
    assert len(crossings) <= ENTERED
    assert sum("." in step.number for step in crossings) <= RETURNED
