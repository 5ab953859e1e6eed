"""A server of one or more processes that tests start, kill with kill -9, and start again on what it left."""

import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil


class Server:
    """Keeps address and data over kills and restarts.

    Args:
        folder: of the logs, `<name>.log`.
        commands: command line of each process, by name.
        answers: whether the server takes requests.
        stop_signal: ends it in order.
        options: of `subprocess.Popen`, as `env` or `user`.
    """

    def __init__(
        self,
        folder: Path,
        commands: dict[str, list[str]],
        answers: Callable[[], bool],
        stop_signal: int = signal.SIGTERM,
        **options: object,
    ) -> None:
        self._folder = folder
        self._commands = commands
        self._answers = answers
        self._stop_signal = stop_signal
        self._options = options
        self._processes: dict[str, subprocess.Popen] = {}

    def start(self, seconds: float = 240.0) -> None:
        """Starts its processes and returns once it answers; RuntimeError with the log where it does not."""
        for name, command in self._commands.items():
            with open(self._folder / f"{name}.log", "ab") as log:
                self._processes[name] = subprocess.Popen(
                    command, stdout=log, stderr=log, start_new_session=True, **self._options
                )
        end = time.monotonic() + seconds
        while not self._answers():
            for name, process in self._processes.items():
                if process.poll() is not None or time.monotonic() > end:
                    log = (self._folder / f"{name}.log").read_text(errors="replace")
                    raise RuntimeError(f"{name} did not start: {log[-2000:]}")
            time.sleep(0.1)

    @property
    def lives(self) -> bool:
        """Whether all its processes run."""
        return bool(self._processes) and all(process.poll() is None for process in self._processes.values())

    def kill(self) -> None:
        """kill -9 of all its processes, as when its machine loses power."""
        for process in self._processes.values():
            if process.poll() is None:
                kill_tree(psutil.Process(process.pid))
            process.wait()

    def stop(self) -> None:
        """Ends it in order, and what does not end with kill -9."""
        for process in self._processes.values():
            if process.poll() is None:
                os.killpg(process.pid, self._stop_signal)
        for process in self._processes.values():
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                kill_tree(psutil.Process(process.pid))
                process.wait()


def kill_tree(top: psutil.Process) -> None:
    """kill -9 of a process and all below it, the topmost frozen first, so that it neither notices nor starts more."""
    top.suspend()
    below = top.children(recursive=True)
    for process in [*below, top]:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    end = time.monotonic() + 60
    while any(lives(process) for process in below) and time.monotonic() < end:
        time.sleep(0.02)


def http_answers(url: str) -> bool:
    """Whether a GET of `url` is answered with 200."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status == 200
    except OSError:
        return False


def lives(process: psutil.Process) -> bool:
    """Whether it still runs; one that ended and that nobody has waited for does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
