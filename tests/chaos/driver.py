"""The driver of a sweep as a process, and a supervisor that starts it again whenever it ends before the sweep does."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

DRIVE = Path(__file__).resolve().parents[1] / "garment_sweeps" / "driver" / "drive.py"
PAUSE_S = 1.0
"""Before a driver that ended by itself is started again; a killed one is at once."""
LOOK_S = 0.02
LAST_WORDS_S = 300.0
"""How long a driver that was frozen may take to end, once it goes on."""


@dataclass(frozen=True)
class Ended:
    """A driver that ended by itself, other than well."""

    at: float
    """Unix time, s."""
    status: int
    said: str
    """The last line of its log."""


@dataclass(frozen=True)
class Driver:
    """One process. Servers know it by its name: PostgreSQL as `application_name`, MLflow by its bearer token."""

    name: str
    process: subprocess.Popen
    log: Path


class FrozenDriver:
    """A driver that stands still (SIGSTOP), while its supervisor has started another in its place."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self._said_before = driver.log.stat().st_size

    @property
    def stands_still(self) -> bool:
        """Whether it still does, as the kernel says."""
        fields = Path(f"/proc/{self.driver.process.pid}/stat").read_text().rpartition(")")[2].split()
        return fields[0] == "T"

    def go_on(self) -> Ended | None:
        """SIGCONT; how it then ended, with all that it said from there on, or None where it goes on and on."""
        process = self.driver.process
        process.send_signal(signal.SIGCONT)
        try:
            status = process.wait(LAST_WORDS_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return None
        said = self.driver.log.read_bytes()[self._said_before :].decode(errors="replace")
        return Ended(time.time(), status, said.strip())


class SupervisedDriver:
    """Starts `drive.py ARGUMENTS` again and again until it exits with 0. It is always started with resume.

    Args:
        arguments: of `drive.py`.
        environment: of the process.
        log: leads to the output of the newest driver; each has a file of its own beside it.
        restarts: after so many ends of its own in a row the supervisor gives up.
    """

    def __init__(self, arguments: list[str], environment: dict[str, str], log: Path, restarts: int = 20) -> None:
        self._command = [sys.executable, str(DRIVE), *arguments]
        self._environment = environment
        self._log = log
        self._restarts = restarts
        self._starting = threading.Lock()
        self._newest: Driver | None = None
        self._frozen: list[Driver] = []
        self._killed = False
        self._stopping = False
        self.starts = 0
        self.ends: list[Ended] = []
        """Ends that were neither a kill of ours nor the sweep's own end; those of drivers once frozen are not here."""
        self._thread = threading.Thread(target=self._supervise, daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether the sweep has ended, or the supervisor has given up."""
        return not self._thread.is_alive()

    @property
    def pid(self) -> int:
        """Process id of the newest driver; 0 before there was one."""
        return self._newest.process.pid if self._newest else 0

    @property
    def name(self) -> str:
        """Name of the newest driver; empty before there was one."""
        return self._newest.name if self._newest else ""

    @property
    def good(self) -> bool:
        """Whether the last driver said that the sweep is done."""
        return self.done and self._newest is not None and self._newest.process.returncode == 0

    def kill(self) -> int | None:
        """kill -9; returns the process id, or None where no driver lives at the moment."""
        with self.killed() as pid:
            return pid

    @contextmanager
    def killed(self) -> Iterator[int | None]:
        """As `kill`; the next driver starts when the block is left."""
        with self._starting:
            driver = self._living()
            if driver is None:
                yield None
                return
            self._killed = True
            driver.process.kill()
            driver.process.wait()
            yield driver.process.pid

    def freeze(self) -> FrozenDriver | None:
        """SIGSTOP, and another driver starts at once; None where no driver lives at the moment."""
        with self._starting:
            driver = self._living()
            if driver is None:
                return None
            driver.process.send_signal(signal.SIGSTOP)
            self._frozen.append(driver)
            return FrozenDriver(driver)

    def said(self) -> str:
        """Everything that all drivers printed."""
        logs = self._log.parent.glob(f"{self._log.stem}-*{self._log.suffix}")
        return "\n".join(log.read_text(errors="replace") for log in sorted(logs))

    def stop(self) -> None:
        """Ends it for good, and those that stand still."""
        self._stopping = True
        while not self.done:
            self.kill()
            self._thread.join(timeout=1.0)
        for driver in self._frozen:
            driver.process.kill()
            driver.process.wait()

    def _living(self) -> Driver | None:
        driver = self._newest
        lives = driver is not None and driver not in self._frozen and driver.process.poll() is None
        return driver if lives else None

    def _supervise(self) -> None:
        in_a_row = 0
        while not self._stopping:
            with self._starting:
                self._killed = False
                driver = self._newest = self._started()
            while (status := driver.process.poll()) is None and driver not in self._frozen:
                time.sleep(LOOK_S)
            if status == 0:
                return
            if self._killed or status is None:
                in_a_row = 0
                continue
            self.ends.append(Ended(time.time(), status, _last_line(driver.log)))
            in_a_row += 1
            if in_a_row >= self._restarts:
                return
            time.sleep(PAUSE_S)

    def _started(self) -> Driver:
        self.starts += 1
        name = f"driver-{self.starts}"
        log = self._log.with_name(f"{self._log.stem}-{self.starts}{self._log.suffix}")
        environment = {**self._environment, "PGAPPNAME": name, "MLFLOW_TRACKING_TOKEN": name}
        with open(log, "ab") as output:
            process = subprocess.Popen(self._command, env=environment, stdout=output, stderr=output)
        self._log.unlink(missing_ok=True)
        self._log.symlink_to(log.name)
        return Driver(name, process, log)


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
