"""What a trained model costs beside its error: seconds per image, memory and parameters."""

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from garment_sweeps.trials.memory import PeakMemory

if TYPE_CHECKING:
    import torch

    from garment_uv.training.trainer import Trainer

REPEATS = 7
"""Runs that are timed, after one that warms up."""


def measure_costs(trainer: "Trainer", memory: PeakMemory) -> dict[str, float]:
    """'seconds_per_image' of the generator, 'memory_mib' of the whole training, 'parameters' of the generator."""
    from garment_uv.networks.parameters import count_parameters

    return {
        "memory_mib": memory.mib(),  # before more is taken
        "parameters": float(count_parameters(trainer.generator)["total"]),
        "seconds_per_image": seconds_per_image(trainer),
    }


def seconds_per_image(trainer: "Trainer") -> float:
    """Time of the generator's forward pass over a batch as evaluated, by the batch's size; see `own_seconds`.

    The weights, the generator's mode and all random states stay as they were.
    """
    import torch

    from garment_uv.samples.batch import collate
    from garment_uv.samples.source import iterate_samples
    from garment_uv.training.evaluate import evaluation_batch
    from garment_uv.training.predict import quiet_sparse

    config, generator = trainer.config, trainer.generator
    samples = iterate_samples(trainer.source, config.evaluation.split, evaluation_batch(config))
    batch = collate(list(samples)).to(trainer.device)
    was_training = generator.training
    generator.eval()
    try:
        with torch.no_grad(), quiet_sparse():
            forward = partial(generator, batch.image, batch.body_uv, batch.camera, batch.segments)
            return own_seconds(forward, trainer.device) / len(batch)
    finally:
        generator.train(was_training)


def own_seconds(call: Callable[[], object], device: "torch.device") -> float:
    """The least time of several runs: what disturbs a run makes it longer and never shorter.

    On a CPU it is the processor time of one thread: waiting for a core that others hold does not count. On a GPU it is
    the time between two events in its own stream.

    Args:
        call: computes on the device.
        device: with whose clock it is timed; torch's number of threads is 1 meanwhile on a CPU.

    Returns: seconds.
    """
    timed = _on_gpu if device.type == "cuda" else _on_one_thread
    return min(timed(call, 1 + REPEATS)[1:])


def _on_one_thread(call: Callable[[], object], runs: int) -> list[float]:
    import torch

    threads, times = torch.get_num_threads(), []
    torch.set_num_threads(1)
    try:
        for _ in range(runs):
            began = time.thread_time()
            call()
            times.append(time.thread_time() - began)
    finally:
        torch.set_num_threads(threads)
    return times


def _on_gpu(call: Callable[[], object], runs: int) -> list[float]:
    import torch

    times = []
    for _ in range(runs):
        began, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        began.record()
        call()
        ended.record()
        ended.synchronize()
        times.append(began.elapsed_time(ended) / 1000)  # it is in ms
    return times
