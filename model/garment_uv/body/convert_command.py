"""The command line of what converts pickled arrays: one path, and a line for each file that was written."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from garment_uv.errors import UserError
from garment_uv.outputs import CannotWrite


def run(usage: str, convert: Callable[[Path], Iterable[Path]]) -> int:
    """Converts what the one argument names and returns the exit status: 0, 1 where it cannot, 2 for another call.

    `usage` is the command as it should be typed; `convert` answers the files that it wrote.
    """
    if len(sys.argv) != 2:
        print(f"usage: python -m {usage}", file=sys.stderr)
        return 2
    try:
        for path in convert(Path(sys.argv[1])):
            print(f"wrote {path}")
    except (UserError, CannotWrite) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0
