"""One driver a sweep: a lock that dies with its holder."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from garment_uv.errors import UserError


@contextmanager
def sweep_lock(home: Path, sweep: str) -> Iterator[None]:
    """Holds the sweep for this process; UserError that says who holds it otherwise.

    The operating system lets go of it when the process ends, however it ends. It guards one machine's home.
    """
    folder = home / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / f"{sweep}.lock", "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read().strip() or "another process"
            raise UserError(f"sweep {sweep!r} is being run by {holder}; wait for it or end it first") from None
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}")
        file.flush()
        yield
