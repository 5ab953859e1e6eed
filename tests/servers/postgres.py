"""A real PostgreSQL on loopback for tests, in a folder of its own; it can be killed and started again on its data."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.ports import free_port
from tests.servers.server import Server

DEBIAN = Path("/usr/lib/postgresql")
USER = "garment"


def postgres_programs() -> Path | None:
    """Folder of `initdb` and `postgres`: the newest of Debian's packages, else that on the PATH, else None."""
    found = sorted(DEBIAN.glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    on_path = shutil.which("postgres")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def missing_for_postgres() -> str | None:
    """What this machine lacks for a PostgreSQL, or None where it can run."""
    if postgres_programs() is None:
        return "no PostgreSQL (Debian: apt-get install postgresql)"
    if os.geteuid() == 0 and _unprivileged() is None:
        return "PostgreSQL refuses to run as root, and there is no user 'postgres' or 'nobody'"
    return None


class Postgres(Server):
    """A server over one folder, trusting whoever reaches it.

    Args:
        folder: empty, and owned by the user that the server runs as.
    """

    def __init__(self, folder: Path) -> None:
        port = free_port()
        programs, data, options = postgres_programs(), str(folder / "data"), _as_user(folder)
        made = [str(programs / "initdb"), "-D", data, "-U", USER, "-A", "trust", "--no-sync"]
        answer = subprocess.run(made, capture_output=True, text=True, **options)
        if answer.returncode:
            raise RuntimeError(f"initdb failed: {answer.stderr[-2000:]}")
        command = [str(programs / "postgres"), "-D", data, "-p", str(port)]
        command += ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}"]
        ready = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
        super().__init__(
            folder,
            {"postgres": command},
            answers=lambda: subprocess.run(ready).returncode == 0,
            stop_signal=signal.SIGINT,
            **options,
        )
        self.url = f"postgresql+psycopg2://{USER}@127.0.0.1:{port}/postgres"
        """SQLAlchemy URL of its database `postgres`."""


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """A running server over an empty database; ends it, and removes its folder, with the context."""
    folder = Path(tempfile.mkdtemp(prefix="garment-pg-"))  # not in pytest's, which other users cannot enter
    try:
        user = _unprivileged()
        if os.geteuid() == 0:
            os.chown(folder, user.pw_uid, user.pw_gid)
        server = Postgres(folder)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> pwd.struct_passwd | None:
    there = {entry.pw_name: entry for entry in pwd.getpwall()}
    return there.get("postgres") or there.get("nobody")


def _as_user(folder: Path) -> dict[str, object]:
    """Arguments of subprocess that drop root's rights, with which PostgreSQL refuses to run."""
    if os.geteuid() != 0:
        return {"cwd": folder}
    user = _unprivileged()
    return {"cwd": folder, "user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
