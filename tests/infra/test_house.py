"""A file is one idea, and a room says what it is."""

import ast
from statistics import median

import pytest

from tests.infra.files import ROOT

PACKAGES = {"garment_uv": ROOT / "model" / "garment_uv", "garment_sweeps": ROOT / "platform" / "garment_sweeps"}
LONGEST, MEDIAN = 400, 120
"""Lines of a file."""


@pytest.mark.parametrize("package", PACKAGES)
def test_files_are_short(package):
    lines = {path: len(path.read_text().splitlines()) for path in PACKAGES[package].rglob("*.py")}
    assert [str(path) for path, count in lines.items() if count > LONGEST] == []
    assert median(count for path, count in lines.items() if path.name != "__init__.py") <= MEDIAN


@pytest.mark.parametrize("package", PACKAGES)
def test_every_room_says_in_its_init_what_it_is(package):
    rooms = [path for path in PACKAGES[package].rglob("__init__.py")]
    silent = [path.parent.name for path in rooms if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []
