"""What `scale.py` measures while the sweep runs, and its pictures."""

import time
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import psutil
import sqlalchemy

from tests.chaos.driver import SupervisedDriver
from tests.servers.ray_cluster import RayCluster

WINDOW_S = 60.0
"""Over which the idle share is taken, seconds."""


@dataclass(frozen=True)
class Sample:
    """How things stand at one moment."""

    seconds: float
    """Since the driver was started."""
    nodes: int
    trials_ended: int
    trials_running: int
    epochs: int
    """Reported over all trials."""
    driver_mib: float
    """Resident memory."""
    driver_cores: float
    """Processor time per second since the row before."""
    store_per_s: float
    """Requests to the checkpoints' store per second since the row before."""
    tracking_per_s: float
    """Requests to the MLflow server per second since the row before."""
    machine_mib: float
    """Memory in use on the whole machine."""


class Curves:
    """Takes samples; what they are taken from is read from outside, so that the driver is left alone.

    Args:
        url: of the study's database.
        sweep: its name.
        driver: the sweep's.
        cluster: its nodes.
        tracking_log: access log of the MLflow server; it may be missing.
        store_log: access log of the store.
    """

    def __init__(
        self,
        url: str,
        sweep: str,
        driver: SupervisedDriver,
        cluster: RayCluster,
        tracking_log: Path,
        store_log: Path,
    ) -> None:
        self._engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.pool.NullPool)
        self._sweep = sweep
        self._driver = driver
        self._cluster = cluster
        self._tracking, self._store = _Lines(tracking_log), _Lines(store_log)
        self._began = self._last = time.monotonic()
        self._processor_s = 0.0
        self.samples: list[Sample] = []

    def sample(self) -> None:
        """Adds a row."""
        now = time.monotonic()
        passed, self._last = now - self._last, now
        ended, running, epochs = self._counts()
        memory, used = self._of_driver()
        store, tracking = self._store.new(), self._tracking.new()
        per_s = 1 / passed if self.samples else 0.0  # there is no row before the first
        self.samples.append(
            Sample(
                seconds=round(now - self._began, 1),
                nodes=len(self._cluster.nodes),
                trials_ended=ended,
                trials_running=running,
                epochs=epochs,
                driver_mib=round(memory, 1),
                driver_cores=round(used * per_s, 3),
                store_per_s=round(store * per_s, 2),
                tracking_per_s=round(tracking * per_s, 2),
                machine_mib=round(psutil.virtual_memory().used / 2**20),
            )
        )

    def _counts(self) -> tuple[int, int, int]:
        of_sweep = "join studies s on s.study_id = t.study_id where s.study_name = :sweep"
        states = f"select t.state, count(*) from trials t {of_sweep} group by t.state"
        epochs = f"select count(*) from trial_intermediate_values v join trials t on t.trial_id = v.trial_id {of_sweep}"
        if not sqlalchemy.inspect(self._engine).has_table("trial_intermediate_values"):
            return 0, 0, 0
        with self._engine.connect() as connection:
            by_state = dict(connection.execute(sqlalchemy.text(states), {"sweep": self._sweep}).all())
            reported = connection.execute(sqlalchemy.text(epochs), {"sweep": self._sweep}).scalar_one()
        running = by_state.pop("RUNNING", 0)
        return sum(by_state.values()), running, reported

    def _of_driver(self) -> tuple[float, float]:
        """Resident MiB, and seconds of processor since the row before."""
        try:
            process = psutil.Process(self._driver.pid)
            times = process.cpu_times()
            memory = process.memory_info().rss / 2**20
        except psutil.NoSuchProcess:
            return 0.0, 0.0
        used, self._processor_s = times.user + times.system - self._processor_s, times.user + times.system
        return memory, max(used, 0.0)


class _Lines:
    """Counts the lines with an HTTP request that a log has grown by."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def new(self) -> int:
        if not self._path.exists():
            return 0
        with open(self._path, "rb") as file:
            file.seek(self._offset)
            text = file.read()
        self._offset += len(text)
        return text.count(b"HTTP/1.1")


def idle_share(samples: list[Sample], seconds_per_epoch: float) -> list[float]:
    """For each row the share of the places' time, over the last minute, without an epoch: what scheduling costs."""
    shares, first = [], 0
    for row in samples:
        while samples[first].seconds < row.seconds - WINDOW_S:
            first += 1
        start = samples[first]
        offered = (row.seconds - start.seconds) * (row.nodes + start.nodes) / 2
        shares.append(1 - (row.epochs - start.epochs) * seconds_per_epoch / offered if offered else 1.0)
    return shares


def summary(samples: list[Sample], trial_s: float) -> str:
    """The figures in a few lines; `trial_s` is what a trial's epochs last."""
    last = samples[-1]
    busy = [s for s in samples if s.trials_running and s.trials_ended] or samples
    full = max(s.nodes for s in samples)
    wall = busy[-1].seconds - busy[0].seconds
    ideal = last.trials_ended * trial_s / full
    memory = [(s.trials_ended, s.driver_mib) for s in busy if s.driver_mib]
    tenth = max(1, len(memory) // 10)
    early, late = mean(m for _, m in memory[:tenth]), mean(m for _, m in memory[-tenth:])
    trials = max(1, last.trials_ended)
    return "\n".join(
        (
            f"{last.trials_ended} trials on {full} nodes in {last.seconds:.0f} s;",
            f"  from the first end to the last {wall:.0f} s, ideal {ideal:.0f} s: {wall / ideal:.2f} times as long",
            f"  driver: {early:.0f} MiB early, {late:.0f} MiB late ({(late - early) / trials * 1000:.0f} KiB a trial),"
            f" {mean(s.driver_cores for s in busy):.2f} cores",
            f"  store: {mean(s.store_per_s for s in busy):.1f} requests a second,"
            f" {_total(samples, 'store_per_s') / trials:.1f} a trial",
            f"  tracking: {mean(s.tracking_per_s for s in busy):.1f} requests a second,"
            f" {_total(samples, 'tracking_per_s') / trials:.1f} a trial",
            f"  machine: at most {max(s.machine_mib for s in samples):.0f} MiB in use",
        )
    )


def draw(samples: list[Sample], seconds_per_epoch: float, path: Path, about: str) -> None:
    """Every curve over time in the upper row, and over the number of ended trials in the lower one."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    curves = {
        "driver's memory, MiB": [s.driver_mib for s in samples],
        "driver's processor, cores": [s.driver_cores for s in samples],
        "places' time without an epoch, share": idle_share(samples, seconds_per_epoch),
        "requests to the store, 1/s": [s.store_per_s for s in samples],
        "requests to tracking, 1/s": [s.tracking_per_s for s in samples],
        "trials running; nodes (dashed)": [s.trials_running for s in samples],
    }
    figure, axes = pyplot.subplots(2, len(curves), figsize=(26, 8))
    for row, (field, label) in enumerate((("seconds", "time, s"), ("trials_ended", "trials ended"))):
        x = [getattr(s, field) for s in samples]
        for axis, (title, y) in zip(axes[row], curves.items(), strict=True):
            axis.plot(x, y)
            if "nodes" in title:
                axis.plot(x, [s.nodes for s in samples], "--")
            axis.set_xlabel(label)
            axis.set_title(title)
            axis.set_ylim(bottom=0)
    figure.suptitle(about, fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=100)
    pyplot.close(figure)


def _total(samples: list[Sample], name: str) -> float:
    pairs = zip(samples, samples[1:], strict=False)
    return sum(getattr(after, name) * (after.seconds - before.seconds) for before, after in pairs)
