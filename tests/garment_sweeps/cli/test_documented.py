"""Every command of `garment` in the documents and in files that print some is one, with options that it has."""

import re
import shlex
from pathlib import Path

import click
import pytest

from garment_sweeps.cli.main import garment

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = [ROOT / "README.md", *sorted(ROOT.glob("[!.]*/**/README.md"))]
FILES = [*DOCUMENTS, ROOT / "infra" / "aws" / "cluster.yaml", *sorted(ROOT.glob("infra/kubernetes/*.yaml"))]
IN_A_BLOCK = re.compile(r"(?:^|(?<!kubectl -n)[\s/])garment ([a-z][a-z-]*(?: .*)?)$")
IN_A_LINE = re.compile(r"`garment ([a-z][^`]*)`")


def commands(path: Path) -> list[str]:
    """What follows `garment` in a document's blocks and between its backticks; of other files in any of their lines."""
    text = path.read_text().replace("\\\n", " ")
    blocks = re.findall(r"(?ms)^```\w*\n(.*?)^```", text) if path.suffix == ".md" else [text]
    lines = [line.partition(" #")[0].rstrip() for block in blocks for line in block.splitlines()]
    found = [match[1] for line in lines if (match := IN_A_BLOCK.search(line))]
    return found + (IN_A_LINE.findall(text) if path.suffix == ".md" else [])


def parse(words: list[str]) -> None:
    """Click's own UsageError where it would not take them; nothing is run."""
    command, context = garment, click.Context(garment)
    while isinstance(command, click.Group) and words:
        name, *words = words
        command = command.get_command(context, name)
        if command is None:
            raise click.UsageError(f"no command {name}")
        context = click.Context(command, parent=context, info_name=name)
    if words and words != ["--help"]:  # a command alone is a word of the text
        command.make_context(context.info_name, words, parent=context.parent)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_documented_commands_can_be_typed(path):
    for line in commands(path):
        try:
            parse(shlex.split(line))
        except click.ClickException as error:
            pytest.fail(f"garment {line}: {error.format_message()}")


def test_the_documents_hold_commands_and_a_slip_in_one_is_found():
    assert sum(len(commands(path)) for path in FILES) > 45
    for slip in ("promot quickstart", "promote quickstart --dryrun", "data prepare --raw RAW", "sweep a b"):
        with pytest.raises(click.UsageError):
            parse(shlex.split(slip))
