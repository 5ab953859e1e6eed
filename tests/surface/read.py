"""The public surface of both packages as lines, read off their syntax trees: nothing is imported.

A room shows what its `__init__` lists in `__all__`: names, or modules, of which each shows what has no underscore; of a
class, its public methods and fields.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = {"garment_uv": ROOT / "model", "garment_sweeps": ROOT / "platform"}
SHOWN = ("__init__", "__call__", "__enter__", "__iter__", "__len__", "__getitem__")
"""Of the methods with names that Python gives."""
LONG = 80
"""Characters from which a constant's value is left out."""


def surface() -> list[str]:
    """One line for each public name, in the order of the names."""
    return sorted(line for name, node in _shown() for line in _lines(node, name))


def untyped() -> list[str]:
    """Public functions that leave an argument or their answer without a type."""
    return [name for whole, node in _shown() for name, function in _functions(node, whole) if not _typed(function)]


def _shown() -> Iterator[tuple[str, ast.stmt | str]]:
    """All public names with what defines them, or a text where that is a module or a stranger's."""
    for path in (path for top, folder in PACKAGES.items() for path in (folder / top).rglob("__init__.py")):
        folder = next(folder for folder in PACKAGES.values() if path.is_relative_to(folder))
        room = ".".join(path.parent.relative_to(folder).parts)
        for public in _all(path):
            inner = _path(f"{room}.{public}")
            if inner is None:
                found = _definition(room, public)
                if found is None:
                    raise LookupError(f"{room}.__all__ lists {public}, which cannot be found")
                yield f"{room}.{public}", found
            else:
                yield f"{room}.{public}", "module"
                if inner.name != "__init__.py":
                    yield from _of_module(inner, f"{room}.{public}")


def _of_module(path: Path, name: str) -> Iterator[tuple[str, ast.stmt]]:
    for node in _tree(path).body:
        own = node.name if isinstance(node, ast.ClassDef) else _name(node)
        if own and not own.startswith("_"):
            yield f"{name}.{own}", node


def _functions(node: ast.stmt | str, name: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    if isinstance(node, ast.FunctionDef):
        yield name, node
    elif isinstance(node, ast.ClassDef):
        for inner in node.body:
            own = _name(inner)
            if isinstance(inner, ast.FunctionDef) and (own in SHOWN or not own.startswith("_")):
                yield f"{name}.{own}", inner


def _typed(node: ast.FunctionDef) -> bool:
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    own = given[:1] if given and given[0].arg in ("self", "cls") else []
    return node.returns is not None and all(each.annotation is not None for each in given if each not in own)


def _all(path: Path) -> list[str]:
    for node in _tree(path).body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]:
            return list(ast.literal_eval(node.value))
    return []


def _definition(module: str, name: str) -> ast.stmt | str | None:
    """Where a name of a module is defined, in whichever module that is; a text where it is a module or a stranger's."""
    path = _path(module)
    if path is None:
        return f"of {module}"
    for node in ast.walk(_tree(path)):
        match node:
            case ast.FunctionDef(name=found) | ast.ClassDef(name=found) if found == name:
                return node
            case ast.Assign(targets=[ast.Name(id=found)]) | ast.AnnAssign(target=ast.Name(id=found)) if found == name:
                return node
            case ast.ImportFrom(module=str(source), names=names):
                for alias in names:
                    if (alias.asname or alias.name) == name:
                        inner = _path(f"{source}.{alias.name}")
                        return "module" if inner else _definition(source, alias.name)
    return None


def _path(module: str) -> Path | None:
    folder = PACKAGES.get(module.partition(".")[0])
    if folder is None:
        return None
    base = folder.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.exists()), None)


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def _lines(node: ast.stmt | str, name: str) -> Iterator[str]:
    match node:
        case str():
            yield f"{name}: {node}"
        case ast.FunctionDef():
            kind = " (property)" if any("property" in ast.unparse(each) for each in node.decorator_list) else ""
            returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
            yield f"{name}({ast.unparse(node.args)}){returns}{kind}"
        case ast.ClassDef():
            yield f"{name}: class({', '.join(map(ast.unparse, node.bases))})"
            for inner in node.body:
                own = _name(inner)
                if own and (own in SHOWN or not own.startswith("_")):
                    yield from _lines(inner, f"{name}.{own}")
        case ast.AnnAssign():
            yield f"{name}: {ast.unparse(node.annotation)}{_value(node.value)}"
        case ast.Assign():
            yield f"{name}{_value(node.value)}"


def _name(node: ast.stmt) -> str:
    match node:
        case (
            ast.FunctionDef(name=name)
            | ast.AnnAssign(target=ast.Name(id=name))
            | ast.Assign(targets=[ast.Name(id=name)])
        ):
            return name
    return ""


def _value(node: ast.expr | None) -> str:
    if node is None:
        return ""
    text = ast.unparse(node)
    return f" = {text}" if len(text) < LONG else " = ..."
