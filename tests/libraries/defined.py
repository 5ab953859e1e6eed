"""Which names a module or class of a library has, also those that only its objects have: read from its source."""

import ast
import importlib
import inspect
import textwrap


def find(place: str) -> object:
    """A module, or `module:Class`.

    Raises:
        ImportError, AttributeError: it is not there.
    """
    module, _, name = place.partition(":")
    found = importlib.import_module(module)
    return getattr(found, name) if name else found


def has(place: str, name: str) -> bool:
    """Whether the module, or the class or one of its bases, has the name; False too where the place is not there."""
    try:
        found = find(place)
    except (ImportError, AttributeError):
        return False
    if inspect.isclass(found):
        return any(name in names_of(base) for base in found.__mro__)
    return hasattr(found, name)


def names_of(kind: type) -> set[str]:
    """Names that a class defines itself: in its body, or by `self.name = ...` in one of its methods."""
    names = set(vars(kind))
    try:
        source = textwrap.dedent(inspect.getsource(kind))
    except (OSError, TypeError):  # written in C
        return names
    assigned = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute))
    return names | {node.attr for node in assigned if isinstance(node.ctx, ast.Store) and of_self(node)}


def of_self(node: ast.Attribute) -> bool:
    """Whether it is `self.name` or `super().name`."""
    if isinstance(node.value, ast.Call):
        return isinstance(node.value.func, ast.Name) and node.value.func.id == "super"
    return isinstance(node.value, ast.Name) and node.value.id == "self"
