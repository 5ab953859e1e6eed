"""The groups of `tests/balance.py` are in force: pytest-xdist reads the group of a test from the end of its name."""

import pytest


def test_a_test_of_a_group_bears_its_name(request):
    if not request.config.getoption("loadgroup", default=False):
        pytest.skip("only where several processes share the tests: --dist loadgroup")
    marks = {item.nodeid: item.get_closest_marker("xdist_group") for item in request.session.items}
    assert [name for name, mark in marks.items() if mark and not name.endswith(f"@{mark.args[0]}")] == []
