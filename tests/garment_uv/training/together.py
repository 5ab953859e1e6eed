"""Trainings by several real processes, for tests: what each of them runs, and a pool of them."""

import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from garment_uv.samples.source import FolderSource
from garment_uv.training.joining import joined
from garment_uv.training.parallel import ALONE, Processes
from garment_uv.training.trainer import Trainer
from garment_uv.training.trial import TrialConfig


def pool(processes: int) -> ProcessPoolExecutor:
    """So many processes, each of which takes one call at a time."""
    return ProcessPoolExecutor(processes, mp_context=get_context("spawn"))


def together(pool: ProcessPoolExecutor, run: Callable[..., Any], config: TrialConfig, *arguments: Any) -> list[Any]:
    """What `run(config, processes, *arguments)` gives in each process of a training, by rank."""
    with tempfile.TemporaryDirectory() as folder:
        meeting = Path(folder) / "meeting"
        ranks = range(config.training.processes)
        calls = [pool.submit(_joined_run, run, rank, config, meeting, arguments) for rank in ranks]
        return [call.result(timeout=600) for call in calls]


def _joined_run(run: Callable, rank: int, config: TrialConfig, meeting: Path, arguments: tuple) -> Any:
    torch.set_num_threads(1)
    with joined(rank, config, meeting) as processes:
        return run(config, processes, *arguments)


def train(
    config: TrialConfig, processes: Processes, dataset: Path, epochs: int, start: Path | None = None, end: str = ""
) -> tuple[list[dict[str, float]], dict[str, torch.Tensor]]:
    """Metrics of the next epochs, and weights, buffers and averages at the end; from and to a checkpoint if asked."""
    trainer = Trainer(config, FolderSource(dataset), processes)
    if start is not None:
        trainer.load(start)
    metrics = [trainer.train_epoch().metrics() for _ in range(epochs)]
    if end:
        trainer.save(Path(end))
    trainer.close()
    tensors = {f"d/{name}": value for name, value in trainer.discriminator.state_dict().items()}
    tensors |= {f"g/{name}": value for name, value in trainer.generator.state_dict().items()}
    tensors |= {f"average/{name}": value for name, value in trainer.model.state_dict().items()}
    for name, optimiser in trainer._learners.optimisers.items():
        states = optimiser.state_dict()["state"]
        tensors |= {f"{name}/{index}/{key}": value for index, state in states.items() for key, value in state.items()}
    return metrics, tensors


def alone(config: TrialConfig, *arguments: Any) -> tuple[list[dict[str, float]], dict[str, torch.Tensor]]:
    """`train` of the same config by this process."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return train(config.with_values({"training.processes": 1}), ALONE, *arguments)
    finally:
        torch.set_num_threads(threads)
