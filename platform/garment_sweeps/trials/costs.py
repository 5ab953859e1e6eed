"""What a trained model costs beside its error: seconds per image, memory and parameters."""

from functools import partial
from typing import TYPE_CHECKING

from garment_sweeps.trials.memory import PeakMemory
from garment_sweeps.trials.own_time import own_seconds

if TYPE_CHECKING:
    from garment_uv.training.trainer import Trainer


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
