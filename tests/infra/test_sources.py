"""What our own sources never do, read off their syntax trees."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.infra.files import ROOT

SOURCES = [path for folder in ("model", "platform", "experiments", "infra") for path in (ROOT / folder).rglob("*.py")]
SMPL = ROOT / "model" / "garment_uv" / "body" / "smpl_pickle.py"
"""Reads SMPL's pickles with an unpickler that hands out inert stand-ins; tests/garment_uv/body tries to break out."""
UNPICKLERS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"}
CODE_FROM_TEXT = {"eval", "exec", "compile", "__import__"}


@cache
def nodes(path: Path) -> list[ast.AST]:
    """All nodes of a file's syntax tree."""
    return list(ast.walk(ast.parse(path.read_text())))


@cache
def calls(path: Path) -> list[tuple[str, ast.Call]]:
    """(dotted name, call) of every call in a file."""
    return [(_dotted(node.func), node) for node in nodes(path) if isinstance(node, ast.Call)]


def _dotted(called: ast.expr) -> str:
    """As `np.load`; what is no chain of names begins with nothing, as `.load`."""
    if isinstance(called, ast.Attribute):
        return f"{_dotted(called.value)}.{called.attr}"
    return called.id if isinstance(called, ast.Name) else ""


def keywords(call: ast.Call) -> dict[str, object]:
    return {k.arg: getattr(k.value, "value", None) for k in call.keywords}


def test_nothing_is_unpickled():
    for path in SOURCES:
        imported = {
            name.split(".")[0]
            for node in nodes(path)
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        assert path == SMPL or not imported & UNPICKLERS, path
        for name, call in calls(path):
            last = name.rpartition(".")[2]
            if name in ("torch.load", "pd.read_pickle", "pandas.read_pickle"):
                assert name == "torch.load" and keywords(call).get("weights_only") is True, path
            if name in ("np.load", "numpy.load"):
                assert keywords(call).get("allow_pickle") is False, path
            assert "allow_pickle" not in keywords(call) or keywords(call)["allow_pickle"] is False, path
            assert last != "unsafe_load" and not (name == "yaml.load"), path


def test_archives_are_read_in_place_and_never_unpacked():
    for path in SOURCES:
        for name, _ in calls(path):
            assert name.rpartition(".")[2] not in ("extractall", "unpack_archive"), path
            assert name not in ("tar.extract", "archive.extract", "zipped.extract"), path


def test_no_text_becomes_code_and_no_shell_reads_a_command():
    for path in SOURCES:
        for name, call in calls(path):
            assert name not in CODE_FROM_TEXT and name not in ("os.system", "os.popen"), (path, name)
            assert keywords(call).get("shell") is not True, (path, name)


@pytest.mark.parametrize("open_to_all", ["0.0.0.0", "::"])
def test_no_source_of_ours_listens_everywhere(open_to_all):
    for path in SOURCES:
        for node in nodes(path):
            assert not (isinstance(node, ast.Constant) and node.value == open_to_all), path
