"""Frozen configs: validated when made, digested, and changed only by making another one."""

import hashlib
import json
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from garment_uv.errors import UserError


class Config(BaseModel):
    """Base of every config: frozen, no unknown fields, errors in one line."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    def __init__(self, /, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise UserError(_one_line(type(self).__name__, error)) from None

    def plain(self) -> dict[str, Any]:
        """The config as plain JSON types."""
        return self.model_dump(mode="json")

    @classmethod
    def from_plain(cls, values: dict[str, Any]) -> Self:
        """The config from `plain()`'s answer; raises UserError on anything that does not fit."""
        return cls(**values)

    def digest(self) -> str:
        """First 16 hex digits of the sha256 over the canonical JSON of the config."""
        return digest_of(self.plain())

    def with_values(self, changes: dict[str, Any]) -> Self:
        """A copy with `changes` applied, keys being dotted paths such as 'loss.uv'."""
        values = self.plain()
        for path, value in changes.items():
            _set(values, path, value, type(self).__name__)
        return type(self).from_plain(values)

    def flat(self) -> dict[str, Any]:
        """Dotted path to value for every leaf: what a tracker logs as parameters."""
        return dict(_leaves(self.plain()))


def digest_of(values: dict[str, Any]) -> str:
    """First 16 hex digits of the sha256 over canonical JSON: a stored config keeps its digest when fields are added."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def parse_assignments(assignments: list[str] | tuple[str, ...]) -> dict[str, Any]:
    """`["loss.uv=2", "training.device=cpu"]` as `{"loss.uv": 2, "training.device": "cpu"}`; JSON or bare words."""
    changes = {}
    for text in assignments:
        path, equals, value = text.partition("=")
        if not equals or not path:
            raise UserError(f"--set takes path=value, was given {text!r}; for example --set loss.uv=2")
        try:
            changes[path] = json.loads(value)
        except json.JSONDecodeError:
            changes[path] = value
    return changes


def _set(values: dict[str, Any], path: str, value: Any, owner: str) -> None:
    *parents, last = path.split(".")
    node = values
    for depth, name in enumerate([*parents, last]):
        if not isinstance(node, dict) or name not in node:
            allowed = ", ".join(sorted(node)) if isinstance(node, dict) else "no further names"
            where = ".".join(path.split(".")[:depth]) or owner
            raise UserError(f"no config field {path!r}: {where} has {allowed}")
        if depth < len(parents):
            node = node[name]
    node[last] = value


def _leaves(node: dict[str, Any], prefix: str = ""):
    for name, value in node.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _one_line(owner: str, error: ValidationError) -> str:
    parts = []
    for item in error.errors():
        path = ".".join(str(p) for p in item["loc"]) or owner
        given = item.get("input")
        shown = "" if item["type"] == "missing" or isinstance(given, dict | BaseModel) else f", was given {given!r}"
        parts.append(f"{path}: {item['msg'].removeprefix('Value error, ')}{shown}")
    return f"{owner} refused: " + "; ".join(parts)
