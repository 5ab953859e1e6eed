"""The driver of a sweep as a process, and a supervisor that starts it again whenever it ends before the sweep does."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

DRIVE = Path(__file__).resolve().parents[1] / "garment_sweeps" / "cluster" / "drive.py"
PAUSE_S = 1.0
"""Before a driver that ended by itself is started again; a killed one is at once."""


@dataclass(frozen=True)
class Ended:
    """A driver that ended by itself, other than well."""

    at: float
    """Unix time, s."""
    status: int
    said: str
    """The last line of its log."""


class SupervisedDriver:
    """Starts `drive.py ARGUMENTS` again and again until it exits with 0. It is always started with resume.

    Args:
        arguments: of `drive.py`.
        environment: of the process.
        log: file of all its output.
        restarts: after so many ends of its own in a row the supervisor gives up.
    """

    def __init__(self, arguments: list[str], environment: dict[str, str], log: Path, restarts: int = 20) -> None:
        self._command = [sys.executable, str(DRIVE), *arguments]
        self._environment = environment
        self._log = log
        self._restarts = restarts
        self._process: subprocess.Popen | None = None
        self._killed = False
        self._stopping = False
        self.starts = 0
        self.ends: list[Ended] = []
        """Ends that were neither a kill of ours nor the sweep's own end."""
        self._thread = threading.Thread(target=self._supervise, daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether the sweep has ended, or the supervisor has given up."""
        return not self._thread.is_alive()

    @property
    def pid(self) -> int:
        """Process id of the newest driver; 0 before there was one."""
        return self._process.pid if self._process else 0

    @property
    def good(self) -> bool:
        """Whether the last driver said that the sweep is done."""
        return self.done and self._process is not None and self._process.returncode == 0

    def kill(self) -> int | None:
        """kill -9; returns the process id, or None where no driver lives at the moment."""
        process = self._process
        if process is None or process.poll() is not None:
            return None
        self._killed = True
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        return process.pid

    def stop(self) -> None:
        """Ends it for good."""
        self._stopping = True
        while not self.done:
            self.kill()
            self._thread.join(timeout=1.0)

    def _supervise(self) -> None:
        in_a_row = 0
        while not self._stopping:
            self._killed = False
            with open(self._log, "ab") as log:
                self._process = subprocess.Popen(self._command, env=self._environment, stdout=log, stderr=log)
            self.starts += 1
            status = self._process.wait()
            if status == 0:
                return
            if self._killed:
                in_a_row = 0
                continue
            self.ends.append(Ended(time.time(), status, self._last_line()))
            in_a_row += 1
            if in_a_row >= self._restarts:
                return
            time.sleep(PAUSE_S)

    def _last_line(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""
