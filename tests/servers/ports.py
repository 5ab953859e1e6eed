"""TCP ports for servers: each belongs to one process of the tests as long as that process lives."""

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

FIRST, END = 20_000, 30_000
"""Above those of Ray's workers, and below those that Linux gives to outgoing connections: no connection of a busy
machine takes the port of a server that starts slowly, or that was killed and comes back."""

_locks: list[int] = []


def free_port() -> int:
    """A port of loopback on which nothing listens; no other process of the tests gets it while this one lives."""
    folder = Path(tempfile.gettempdir()) / f"garment-test-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    for port in random.SystemRandom().sample(range(FIRST, END), END - FIRST):
        lock = os.open(folder / str(port), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as listener:
                listener.bind(("127.0.0.1", port))
        except OSError:
            os.close(lock)
            continue
        _locks.append(lock)
        return port
    raise RuntimeError(f"no port from {FIRST} to {END - 1} is free; look with `ss -tlnp` who listens")


def silent_port() -> int:
    """A port that refuses connections: bound, so that nobody else gets it, and never listened on."""
    port = free_port()
    mute = socket.socket()
    mute.bind(("127.0.0.1", port))
    _locks.append(mute.detach())
    return port


def answers(port: int) -> bool:
    """Whether something listens there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
        return True
    except OSError:
        return False
