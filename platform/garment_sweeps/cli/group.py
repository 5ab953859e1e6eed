"""A group of commands that imports a command's module only when that command is called."""

import importlib

import click


class LazyGroup(click.Group):
    """Commands by name: (module with a click command named `command`, one line for the list).

    Args:
        commands_by_name: the table above.
    """

    def __init__(self, *args, commands_by_name: dict[str, tuple[str, str]] | None = None, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._table = commands_by_name or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the table."""
        return list(self._table)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Imports the command."""
        if name not in self._table:
            return None
        return importlib.import_module(self._table[name][0]).command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list, from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self._table.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]):
        """The command, or an error that lists what there is."""
        if args and args[0] not in self._table and not args[0].startswith("-"):
            raise click.UsageError(f"no command {args[0]!r}; there is {', '.join(self._table)}", ctx)
        return super().resolve_command(ctx, args)


def example(*lines: str) -> str:
    """An epilog with example commands."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)
