"""A trial's processes as a worker group of Ray Train, inside the trial's own placement group.

`TorchTrainer.fit` would not do here: it asks for a placement group of its own beside the trial's, and runs its loop to
the end, where Tune wants to decide after every epoch, take a checkpoint when it likes, and stop, change or move the
trial. So the trial drives what that trainer is made of: Ray Train's backend executor, which starts one worker in each
bundle of the group, shows each the GPUs of the others for nccl, and has `TorchConfig` join them in a process group.
"""

import os
from typing import Any

import ray
from ray.exceptions import RayActorError, RayError
from ray.train._internal.backend_executor import BackendExecutor
from ray.train.torch import TorchConfig

from garment_sweeps.settings.masking import first_line
from garment_sweeps.trials.context import TrialContext
from garment_sweeps.trials.team import Died, Member, Reply, Team
from garment_uv.training.trial import TrialConfig

_members: list[Member] = []
"""In a worker: the one that it is."""


class RayTeam(Team):
    """Starts one worker in each bundle of the current placement group; Died where that fails."""

    def __init__(self, context: TrialContext, config: TrialConfig) -> None:
        super().__init__(config.training.processes)
        group = ray.util.get_current_placement_group()
        assert group is not None, "Tune starts every trial in a placement group"
        bundle = group.bundle_specs[0]
        gpus = bundle.get("GPU", 0)
        backend = "nccl" if gpus and config.training.device != "cpu" else "gloo"
        self._executor = BackendExecutor(
            TorchConfig(backend=backend), num_workers=self.processes, resources_per_worker=dict(bundle), max_retries=0
        )
        self._calls: dict[int, ray.ObjectRef] = {}
        try:
            self._executor.start(initialization_hook=lambda: _prepare(context.home, bool(gpus)))
            self._executor.worker_group.execute(_open, context, config)
        except (RayError, RuntimeError) as error:
            self.close()
            raise Died(f"the trial's processes did not start: {error}") from None

    def send(self, rank: int, method: str, arguments: tuple) -> None:
        self._calls[rank] = self._executor.worker_group.execute_single_async(rank, _answer, method, arguments)

    def wait(self, ranks: set[int], seconds: float | None) -> dict[int, Reply]:
        by_call = {self._calls[rank]: rank for rank in ranks}
        ready, _ = ray.wait(list(by_call), num_returns=1, timeout=seconds)
        return {by_call[call]: self._received(by_call[call], call) for call in ready}

    def end(self) -> None:
        self._executor.shutdown(graceful_termination=False)

    def _received(self, rank: int, call: ray.ObjectRef) -> Reply:
        try:
            return ray.get(call)
        except RayActorError as error:
            return Reply(error=Died(f"process {rank} of the trial died: {first_line(error)}"))
        except RayError as error:
            return Reply(error=Died(f"process {rank} of the trial failed: {first_line(error)}"))


def _prepare(home: str, on_gpu: bool) -> None:
    """In a worker, before it joins the others: what its environment must say."""
    from garment_uv.training.joining import stay_on_loopback

    os.environ["GARMENT_HOME"] = home
    stay_on_loopback()  # all of them are on one node
    if not on_gpu:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # none was given to them, and they would all take the first


def _open(context: TrialContext, config: TrialConfig) -> None:
    """In a worker that has joined the others."""
    import torch

    from garment_sweeps.trials.training import TrainingWork
    from garment_uv.training.parallel import ProcessGroup

    processes = ProcessGroup()
    if torch.cuda.is_available():
        torch.cuda.set_device(processes.division.rank)  # each sees the GPUs of all, in the order of their ranks
    _members[:] = [Member(lambda: TrainingWork(context, config, processes))]


def _answer(method: str, arguments: tuple[Any, ...]) -> Reply:
    return _members[0].answer(method, arguments)
