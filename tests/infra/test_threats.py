"""The threat table: every row names what holds, and tests that exist."""

import ast
import re

import pytest

from tests.infra.files import INFRA, ROOT

TEXT = (INFRA / "threats.md").read_text()
ROWS = [line.strip("|").split("|") for line in TEXT.splitlines() if line.startswith("| ") and "`tests/" in line]


def test_the_table_has_three_columns_and_a_row_a_threat():
    assert len(ROWS) >= 15 and all(len(row) == 3 for row in ROWS)
    bodies = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith("| threat")]
    assert len(bodies) == len(ROWS)  # no row without a test


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].strip()[:60])
def test_each_row_is_held_by_tests_that_exist(row):
    threat, holds, by = (cell.strip() for cell in row)
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", by)
    assert threat and holds and named and len(named) == by.count("`") // 2
    for path, function in named:
        tree = ast.parse((ROOT / path).read_text())
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, (path, function)
