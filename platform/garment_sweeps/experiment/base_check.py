"""Whether a space fits the config that it changes: every value that can be tried, before any is."""

from collections.abc import Iterator
from typing import Any

from garment_sweeps.experiment.space import Choice, Float, Parameter, Space, is_among
from garment_uv.errors import UserError
from garment_uv.training.trial import TrialConfig


def check_against_base(space: Space, base: TrialConfig) -> None:
    """ValueError, in one line, unless the config takes every value and every condition can hold."""
    for parameter in space.parameters:
        for path, values in parameter.when.items():
            for value in values:
                _check_condition(space, base, parameter, path, value)
    for parameter, changes in tried_values(space):
        _check_value(base, parameter, changes)


def tried_values(space: Space) -> Iterator[tuple[Parameter, dict[str, Any]]]:
    """Each parameter with changes of the base that try it: one of its `examples`, under each of its conditions."""
    for parameter in space.parameters:
        conditions = _conditions(space, parameter)
        if not conditions:
            raise ValueError(f"{parameter.path} is never searched: its conditions exclude each other")
        for value in parameter.examples():
            for condition in conditions:
                yield parameter, {**condition, parameter.path: value}


def _conditions(space: Space, parameter: Parameter) -> list[dict[str, Any]]:
    """Every choice of values under which the parameter is active, those included on which the others depend."""
    by_path = {other.path: other for other in space.parameters}
    changes: list[dict[str, Any]] = [{}]
    for path, allowed in parameter.when.items():
        above = _conditions(space, by_path[path]) if path in by_path else [{}]
        choices = [{**other, path: value} for other in above for value in allowed]
        changes = [{**one, **choice} for one in changes for choice in choices if _agree(one, choice)]
    return changes


def _agree(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(is_among(other[path], (value,)) for path, value in one.items() if path in other)


def _check_value(base: TrialConfig, parameter: Parameter, changes: dict[str, Any]) -> None:
    value, held = changes[parameter.path], _held(base, changes, parameter.path)
    if isinstance(parameter, Float) and not isinstance(held, float):
        kind = "whole numbers" if isinstance(held, int) and not isinstance(held, bool) else "no numbers"
        raise ValueError(f"{parameter.path} takes {kind}, and Float gives {value!r}; search it by Integer or Choice")
    if not is_among(held, (value,)):
        raise ValueError(f"{parameter.path} takes {value!r} for {held!r}; write {held!r} into the space")


def _check_condition(space: Space, base: TrialConfig, parameter: Parameter, path: str, value: Any) -> None:
    depends = f"{parameter.path} depends on {path}={value!r}"
    searched = next((other for other in space.parameters if other.path == path), None)
    if searched is not None:
        if not searched.can_be(value):
            raise ValueError(f"{depends}, which the space never gives it; it gives {_values_in_words(searched)}")
        return
    if path not in base.flat():
        raise ValueError(f"{parameter.path} depends on {path}, which is no config field")
    try:
        held = _held(base, {path: value}, path)
    except UserError as error:
        raise ValueError(f"{depends}, which it never is: {error}") from None
    if not is_among(held, (value,)):
        raise ValueError(f"{depends}, which it never is: the config holds {held!r} for that")


def _held(base: TrialConfig, changes: dict[str, Any], path: str) -> Any:
    """What the config holds at a path once it is changed."""
    node: Any = base.with_values(changes).plain()
    for name in path.split("."):
        node = node[name]
    return node


def _values_in_words(parameter: Parameter) -> str:
    """The values of a parameter that a condition can name, in words."""
    if isinstance(parameter, Choice):
        return ", ".join(repr(option) for option in parameter.options)
    if isinstance(parameter, Float):
        levels = ", ".join(f"{level:g}" for level in parameter.grid())
        return levels or "any real number, of which none can be a condition: give it levels"
    return f"whole numbers from {parameter.low} to {parameter.high}"
