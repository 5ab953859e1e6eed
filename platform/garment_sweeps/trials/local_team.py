"""A trial's processes on this machine, without Ray: what `garment train` starts where a training has several."""

import multiprocessing as mp
import os
import shutil
import tempfile
import threading
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path

from garment_sweeps.trials.context import TrialContext
from garment_sweeps.trials.team import Died, Member, Reply, Team
from garment_uv.training.trial import TrialConfig

END_S = 5.0
"""How long a process may take to end by itself."""


class LocalTeam(Team):
    """Starts the processes; UserError where there are fewer GPUs than that."""

    def __init__(self, context: TrialContext, config: TrialConfig) -> None:
        from garment_uv.training.device import resolve_device
        from garment_uv.training.joining import check_devices

        super().__init__(config.training.processes)
        if resolve_device(config.training.device).type == "cuda":
            check_devices(self.processes)
        self._folder = Path(tempfile.mkdtemp(prefix="garment-team-"))
        self._connections: list[Connection] = []
        self._started: list[mp.process.BaseProcess] = []
        spawn = mp.get_context("spawn")
        for rank in range(self.processes):
            ours, theirs = spawn.Pipe()
            arguments = (theirs, rank, self._folder / "meeting", context, config)
            process = spawn.Process(target=_serve, args=arguments, name=f"garment-train-{rank}")
            process.start()
            theirs.close()
            self._connections.append(ours)
            self._started.append(process)

    def send(self, rank: int, method: str, arguments: tuple) -> None:
        with suppress(OSError):  # it died: `wait` finds that out
            self._connections[rank].send((method, arguments))

    def wait(self, ranks: set[int], seconds: float | None) -> dict[int, Reply]:
        ready = wait([self._connections[rank] for rank in ranks], seconds)
        return {rank: self._received(rank) for rank in ranks if self._connections[rank] in ready}

    def end(self) -> None:
        for connection in self._connections:
            connection.close()  # one that waits for its next call then ends by itself
        for process in self._started:
            process.join(END_S)
            if process.is_alive():
                process.kill()
                process.join()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _received(self, rank: int) -> Reply:
        try:
            return self._connections[rank].recv()
        except (EOFError, OSError):
            self._started[rank].join(END_S)
            status = self._started[rank].exitcode
            return Reply(error=Died(f"process {rank} of the training died (exit status {status})"))


def _serve(connection: Connection, rank: int, meeting: Path, context: TrialContext, config: TrialConfig) -> None:
    """One process: opens its work, then answers calls until the leading process ends the connection or itself."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from garment_sweeps.trials.training import TrainingWork
    from garment_uv.training.joining import joined

    with joined(rank, config, meeting) as processes:
        member = Member(lambda: TrainingWork(context, config, processes))
        while True:
            try:
                method, arguments = connection.recv()
                connection.send(member.answer(method, arguments))
            except (EOFError, OSError):
                return


def _end_with_parent() -> None:
    if (parent := mp.parent_process()) is not None:
        parent.join()
    os._exit(1)
