"""A group of commands that imports a command's module only when that command is called."""

import importlib
from typing import Any

import click


class LazyGroup(click.Group):
    """Its `commands_by_name`: (the click command as MODULE.NAME, one line for the list)."""

    def __init__(self, *args: Any, commands_by_name: dict[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._table = commands_by_name

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the table."""
        return list(self._table)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Imports the command."""
        if name not in self._table:
            return None
        module, _, command = self._table[name][0].rpartition(".")
        return getattr(importlib.import_module(module), command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list, from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self._table.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]):
        """The command, or an error that lists what there is."""
        if args and args[0] not in self._table and not args[0].startswith("-"):
            raise click.UsageError(f"no command {args[0]!r}; there is {', '.join(self._table)}", ctx)
        return super().resolve_command(ctx, args)


DATASET = click.option("--data", "uri", required=True, help="Dataset: a folder or s3://bucket/prefix.")
CHANGES = click.option(
    "--set", "assignments", multiple=True, metavar="PATH=VALUE", help="Change a field of the base config."
)


def example(*lines: str) -> str:
    """An epilog with example commands."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)
