"""What IAM would answer: an evaluator of the part of its language in which our policies are written.

moto does not serve here: it takes a condition that is not met for a refusal, and hands no tags to conditions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Request:
    """One question to IAM: an action on one resource, with what AWS tells about both (the request context)."""

    action: str
    resource: str = "*"
    context: Mapping[str, str] = field(default_factory=dict)


OPERATORS: dict[str, Callable[[str | None, list[str]], bool]] = {
    "StringEquals": lambda found, wanted: found in wanted,
    "Bool": lambda found, wanted: found is not None and found.lower() in wanted,
    "Null": lambda found, wanted: str(found is None).lower() in wanted,
}
"""Whether a value of the context, None where there is none, meets a condition's values, by operator."""


def allowed(policy: dict, request: Request) -> bool:
    """Whether some statement allows the request and none denies it.

    Raises:
        KeyError: a condition has an operator that this evaluator does not know.
    """
    effects = {statement["Effect"] for statement in policy["Statement"] if _concerns(statement, request)}
    return effects == {"Allow"}


def _concerns(statement: dict, request: Request) -> bool:
    actions = [action.lower() for action in _listed(statement["Action"])]
    return (
        any(fnmatchcase(request.action.lower(), action) for action in actions)
        and any(fnmatchcase(request.resource, resource) for resource in _listed(statement["Resource"]))
        and _conditions_are_met(statement.get("Condition", {}), request.context)
    )


def _conditions_are_met(conditions: dict, context: Mapping[str, str]) -> bool:
    """All of them must be; the names of keys, tags' included, are compared without regard to case, as IAM does."""
    known = {key.lower(): value for key, value in context.items()}
    return all(
        OPERATORS[operator](known.get(key.lower()), _listed(wanted))
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _listed(one_or_several: str | list[str]) -> list[str]:
    return one_or_several if isinstance(one_or_several, list) else [one_or_several]
