"""Custom resource definitions as JSON schemas, as strict as a server that is told to drop nothing in silence."""

from pathlib import Path
from typing import Any

import jsonschema
import yaml


def schemas(folder: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """Schema by (apiVersion, kind) of every served version in a folder's YAML files; none for what is no definition."""
    found = {}
    for path in sorted(folder.glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            if not document or document.get("kind") != "CustomResourceDefinition":
                continue
            spec = document["spec"]
            for version in spec["versions"]:
                if version.get("served", True):
                    key = f"{spec['group']}/{version['name']}", spec["names"]["kind"]
                    found[key] = strict(version["schema"]["openAPIV3Schema"], top=True)
    return found


def strict(schema: Any, top: bool = False) -> Any:
    """A structural schema in JSON Schema's words; what has fields has no others, but for an object's own metadata.

    What a server fills in by a default is not required. Rules in CEL (`x-kubernetes-validations`) are passed over.
    """
    if not isinstance(schema, dict):
        return schema
    plain = {name: value for name, value in schema.items() if not name.startswith("x-kubernetes-")}
    if schema.get("x-kubernetes-int-or-string"):
        plain = {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    if schema.get("format") == "int32":
        plain = {"minimum": -(2**31), "maximum": 2**31 - 1, **plain}
    if "required" in plain:
        fields = plain.get("properties", {})
        plain["required"] = [name for name in plain["required"] if "default" not in fields.get(name, {})]
    for name in ("items", "additionalProperties", "not"):
        if name in plain:
            plain[name] = strict(plain[name])
    for name in ("allOf", "anyOf", "oneOf"):
        if name in plain:
            plain[name] = [part if set(part) <= {"required"} else strict(part) for part in plain[name]]
    if "properties" in plain:
        plain["properties"] = {name: strict(value) for name, value in plain["properties"].items()}
        if top:
            plain["properties"] |= {"metadata": {"type": "object"}, "status": {"type": "object"}}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            plain.setdefault("additionalProperties", False)
    if plain.pop("nullable", False):
        plain = {"anyOf": [{"type": "null"}, plain]}
    return plain


def check(document: dict[str, Any], known: dict[tuple[str, str], dict[str, Any]]) -> None:
    """jsonschema's ValidationError where the document is not as its definition says; KeyError where there is none."""
    jsonschema.Draft202012Validator(known[document["apiVersion"], document["kind"]]).validate(document)
