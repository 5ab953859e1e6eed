"""Who holds a sweep: a process named so that others can tell whether it may still live."""

import json
import os
import socket
from pathlib import Path

import psutil


def this_process() -> str:
    """This process as JSON text, for others to read."""
    process = psutil.Process()
    return json.dumps({"pid": process.pid, "born": process.create_time(), "host": socket.gethostname(), **_machine()})


def may_live(holder: str) -> bool:
    """Whether the holder may live: False for nobody, and for a process of this machine that is gone."""
    if not holder:
        return False
    who = json.loads(holder)
    if who["host"] != socket.gethostname() or any(who[name] != value for name, value in _machine().items()):
        return True
    try:
        return abs(psutil.Process(who["pid"]).create_time() - who["born"]) < 1
    except psutil.NoSuchProcess:
        return False


def holder_words(holder: str) -> str:
    """The holder in a message."""
    if not holder:
        return "another driver that has ended since"
    who = json.loads(holder)
    return f"process {who['pid']} on {who['host']}"


def _machine() -> dict[str, str]:
    """What tells this machine and container from others of the same name; process ids mean nothing elsewhere."""
    boot, space = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
    return {
        "boot": boot.read_text().strip() if boot.exists() else "",
        "space": os.readlink(space) if space.exists() else "",
    }
