"""The private names of libraries that sources of ours use, found in their syntax trees."""

import ast
import importlib
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from tests.libraries.defined import names_of, of_self

LIBRARIES = ("ray", "optuna")
UNDOCUMENTED = ("ray.air.", "ray.tune.execution.", "ray.tune.tune.")
"""Modules without an underscore in their path that are private all the same."""


def is_private(name: str) -> bool:
    """Whether a name begins with one underscore."""
    return name.startswith("_") and not name.endswith("__")


def private_modules(tree: ast.AST) -> set[str]:
    """Private modules that a file imports from, or names in a text, as for `import_module` or `getLogger`."""
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {name for name in imported | texts if _is_private_module(name)}


def _is_private_module(name: str) -> bool:
    first, *rest = name.split(".")
    if first not in LIBRARIES or not all(part.isidentifier() for part in rest):
        return False
    return any(map(is_private, rest)) or f"{name}.".startswith(UNDOCUMENTED)


def foreign_attributes(tree: ast.AST) -> set[str]:
    """Private attributes that a file takes from objects other than `self`, and defines nowhere itself."""
    nodes = list(ast.walk(tree))
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    own = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    own |= {node.attr for node in attributes if isinstance(node.ctx, ast.Store) and of_self(node)}
    own |= {node.target.id for node in nodes if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)}
    asked = {
        node.args[1].value
        for node in nodes
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "getattr" and isinstance(node.args[1], ast.Constant)
    }
    taken = {node.attr for node in attributes if not of_self(node)} | asked
    return {name for name in taken - own if is_private(name)}


def inherited(module: ModuleType) -> Iterator[tuple[str, str]]:
    """(class of a library, its private name) for all that classes of this module use or override of their bases."""
    for kind in vars(module).values():
        if not inspect.isclass(kind) or kind.__module__ != module.__name__:
            continue
        nodes = list(ast.walk(ast.parse(textwrap.dedent(inspect.getsource(kind)))))
        used = {node.attr for node in nodes if isinstance(node, ast.Attribute) and of_self(node)}
        used |= {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
        for base in kind.__mro__:
            if base.__module__.partition(".")[0] in LIBRARIES:
                for name in used & names_of(base):
                    if is_private(name):
                        yield f"{base.__module__}:{base.__qualname__}", name


def sources(package: ModuleType) -> Iterator[tuple[Path, ast.AST]]:
    """Every file of a package that names one of the libraries, and its tree."""
    for path in sorted(Path(package.__path__[0]).rglob("*.py")):
        text = path.read_text()
        if any(name in text for name in LIBRARIES):
            yield path, ast.parse(text)


def imported(path: Path, package: ModuleType) -> ModuleType:
    """The module of a file of the package."""
    parts = path.relative_to(package.__path__[0]).with_suffix("").parts
    return importlib.import_module(".".join((package.__name__, *parts)).removesuffix(".__init__"))
