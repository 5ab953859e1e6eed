"""Which tests run in the same process, and in what order, where several share them: `pytest -n 3 --dist loadgroup`."""

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = {
    "ray": ("local_ray", "mlflow_server"),
    "store": ("s3_store", "raw"),
    "trained": ("trained_home",),
    "unchanged": ("small_set",),
}
"""What is dear to make, and made once a process: groups of tests, and the fixtures that put a file into each."""
SLOW = ("test_cut_off.py", "test_loader.py", "test_parallel.py", "test_fuzz.py")
"""Files that train, or start many processes, though on no cluster or server."""


class OneOwner(LoadScopeScheduling):
    """Gives all tests of a group to one process; those of a file without a group stay together too."""

    def _split_scope(self, nodeid: str) -> str:
        marked = nodeid.rfind("@") > nodeid.rfind("]")
        return nodeid.rpartition("@")[2] if marked else nodeid.partition("::")[0]


def together(items: list[pytest.Item]) -> None:
    """Marks the tests of every file that one of its tests puts into a group."""
    for group, fixtures in TOGETHER.items():
        files = {item.path for item in items if not set(fixtures).isdisjoint(item.fixturenames)}
        for item in items:
            if item.path in files and not item.get_closest_marker("xdist_group"):
                item.add_marker(pytest.mark.xdist_group(group))


def long_first(items: list[pytest.Item]) -> None:
    """Groups, then tests on clusters and servers, then what is slow: at the end no process is left with a long one."""
    groups = list(TOGETHER)
    served = {item.path for item in items if item.get_closest_marker("cluster") or item.get_closest_marker("servers")}

    def place(item: pytest.Item) -> int:
        if group := item.get_closest_marker("xdist_group"):
            return groups.index(group.args[0])
        return len(groups) + (0 if item.path in served else 1 if item.path.name in SLOW else 2)

    items.sort(key=place)
