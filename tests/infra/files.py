"""The files of `infra/`, read as those who will use them read them."""

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"

_VARIABLE = re.compile(r"\$\{(\w+)(?::?-([^}]*))?\}")


def documents(name: str) -> list[dict[str, Any]]:
    """All documents of a YAML file below `infra/`."""
    return [document for document in yaml.safe_load_all((INFRA / name).read_text()) if document]


def compose(**variables: str) -> dict[str, Any]:
    """compose.yaml with its variables filled in, as `docker compose config` would."""
    return yaml.safe_load(compose_text(**variables))


def compose_text(**variables: str) -> str:
    """The text of compose.yaml with its variables filled in."""
    text = (INFRA / "compose" / "compose.yaml").read_text()
    return _VARIABLE.sub(lambda found: variables.get(found[1], found[2] or ""), text)


def locked() -> dict[str, str]:
    """Version by package, of what is installed everywhere."""
    lines = (INFRA / "requirements.lock").read_text().splitlines()
    return dict(line.split("==", 1) for line in lines if "==" in line)


def project() -> dict[str, Any]:
    """The project table of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def instructions(name: str) -> list[tuple[str, str]]:
    """(instruction, arguments) of a Dockerfile, continued lines joined, comments left out."""
    text = (INFRA / "images" / name).read_text()
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ").splitlines()
    return [(word.upper(), rest.strip()) for word, _, rest in (line.partition(" ") for line in joined)]
