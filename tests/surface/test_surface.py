"""A change of what a room shows is recorded with it: `make surface`."""

import os
import re
from pathlib import Path

from tests.surface.read import surface, untyped

RECORD = Path(__file__).with_name("surface.txt")


def test_the_public_surface_is_the_recorded_one():
    found = surface()
    if os.environ.get("RECORD_SURFACE"):
        RECORD.write_text("".join(f"{line}\n" for line in found))
        return
    wanted = RECORD.read_text().splitlines()
    said = changes(wanted, found)
    assert not said, "the public surface changes; where that is meant: make surface\n" + "\n".join(said)


def test_all_that_is_public_has_types():
    assert untyped() == []


def changes(wanted: list[str], found: list[str]) -> list[str]:
    """What a change adds, takes away and alters, one line each."""
    before = {_name(line): line for line in wanted if line not in found}
    after = {_name(line): line for line in found if line not in wanted}
    altered = [f"altered: {before[name]}\n     to: {after[name]}" for name in before.keys() & after.keys()]
    added = [f"added: {line}" for name, line in after.items() if name not in before]
    return sorted(altered) + added + [f"taken away: {line}" for name, line in before.items() if name not in after]


def test_what_changes_is_said():
    before = ["room.draw(x: int) -> str", "room.LIMIT = 3", "room.old()"]
    after = ["room.draw(x: int, y: int) -> str", "room.LIMIT = 3", "room.new()"]
    altered = "altered: room.draw(x: int) -> str\n     to: room.draw(x: int, y: int) -> str"
    assert changes(before, after) == [altered, "added: room.new()", "taken away: room.old()"]
    assert changes(before, before) == []


def _name(line: str) -> str:
    return re.match(r"[\w.]+", line)[0]
