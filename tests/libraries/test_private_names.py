"""The private names of Ray and Optuna: all are listed, and the one minor version that is allowed has them."""

import ast
import importlib.metadata

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import garment_sweeps
from tests.infra.files import project
from tests.libraries.defined import has
from tests.libraries.private_names import PRIVATE_NAMES
from tests.libraries.used import LIBRARIES, foreign_attributes, imported, inherited, private_modules, sources

LISTED = {name for names in PRIVATE_NAMES.values() for name in names}
OTHERS = {"_exit", "_create_unverified_context"}
"""Private names of Python's own library: os and ssl document them."""


def test_the_installed_versions_have_every_private_name():
    missing = [f"{place} {name}" for place, names in PRIVATE_NAMES.items() for name in names if not has(place, name)]
    versions = ", ".join(f"{library} {importlib.metadata.version(library)}" for library in LIBRARIES)
    assert not missing, f"{versions} lacks what the platform uses: {'; '.join(missing)}"


def test_every_private_name_that_is_used_is_listed():
    unlisted = []
    for path, tree in sources(garment_sweeps):
        modules = {place.partition(":")[0] for place in PRIVATE_NAMES}
        unlisted += [f"{path}: {module}" for module in private_modules(tree) - modules]
        unlisted += [f"{path}: {name}" for name in foreign_attributes(tree) - LISTED - OTHERS]
        for place, name in inherited(imported(path, garment_sweeps)):
            if name not in PRIVATE_NAMES.get(place, ()):
                unlisted.append(f"{path}: {place} {name}")
    assert not unlisted, "\n".join(["list these in tests/libraries/private_names.py:", *unlisted])


def test_nothing_is_listed_that_is_not_used():
    trees = [tree for _, tree in sources(garment_sweeps)]
    words = {node.attr for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    words |= {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.alias)}
    words |= {node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert LISTED - words - {"logger"} == set()  # a logger is asked for by its module's name


@pytest.mark.parametrize("library", LIBRARIES)
def test_one_minor_version_is_allowed_of_a_library_whose_private_names_are_used(library):
    (bounds,) = (one.specifier for one in map(Requirement, project()["dependencies"]) if one.name == library)
    there = Version(importlib.metadata.version(library))
    major, minor = there.major, there.minor
    assert {str(bound) for bound in bounds} == {f">={major}.{minor}", f"<{major}.{minor + 1}"}


def test_what_is_looked_for_is_found():
    tree = ast.parse(
        "from ray._private.state import state\n"
        "from ray.tune.execution.cluster_info import _is_ray_cluster\n"
        "import importlib\n"
        "importlib.import_module('ray.air._internal.usage')\n"
        "class Own:\n"
        "    def __init__(self):\n"
        "        self._mine = 1\n"
        "    def look(self, other, trial):\n"
        "        return other._mine, trial._theirs, self._inherited, getattr(trial, '_asked', None), trial.__dict__\n"
    )
    assert private_modules(tree) == {"ray._private.state", "ray.tune.execution.cluster_info", "ray.air._internal.usage"}
    assert foreign_attributes(tree) == {"_theirs", "_asked"}
    assert has("ray.tune.schedulers.hyperband:_Bracket", "_halves")  # its objects alone have it
    assert not has("ray.tune.schedulers.hyperband:_Bracket", "_quarters")
    assert not has("ray.tune.schedulers.hyperband:_Gone", "_halves") and not has("ray.gone", "x")
