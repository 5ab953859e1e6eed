"""Models that differ from a trained one in a known way, each as the one complete trial of a sweep of its own.

The trained generator predicts displacements in the body's own frames, so the third channel of its last layers is the
depth under its surface, in units of 5 cm.
"""

import math
import shutil
from collections.abc import Callable
from pathlib import Path

import torch

from garment_sweeps.tracking import SweepRun, tags
from garment_sweeps.tracking.delivery import Delivery
from garment_sweeps.tracking.model_artifact import model_tags
from garment_sweeps.tracking.record import Ending, Start, TrialKey, TrialRecord, identity_of, now_ms
from garment_uv.classes import CLASS_IDS
from garment_uv.networks.generator import GarmentGenerator
from garment_uv.samples.source import FolderSource
from garment_uv.training.evaluate import evaluate_model
from garment_uv.training.model_file import load_model, read_card, save_model

UNIT_M = 0.05
DIAMETER_M = 0.3
"""Of the made-up body."""


def changed(model: Path, folder: Path, change: Callable[[GarmentGenerator], None], **trained_on) -> Path:
    """A copy of a model in `folder` with other weights, and whatever else of what it was trained on."""
    generator, config, atlas = load_model(model)
    card = read_card(model)
    with torch.no_grad():
        change(generator)
    save_model(folder, generator, config, atlas, card.trained_on.with_values(trained_on), card.epoch)
    return folder


def moved(distance_m: float, number: int | None = None) -> Callable[[GarmentGenerator], None]:
    """All garments so much further from the body; or the class of a number, by the local path's part in it."""

    def change(generator: GarmentGenerator) -> None:
        if number is not None:
            generator.local_path.branches.branches[number - 1][-1].bias[2] -= distance_m / UNIT_M
            return
        for layer in _last(generator):
            layer.bias[2] -= distance_m / UNIT_M

    return change


def fair(model: Path, dataset: Path, scratch: Path, distance_m: float = 0.005) -> Callable[[GarmentGenerator], None]:
    """Every class a little worse: each moved to the side on which this model errs already."""
    errors = []
    for sign in (1, -1):
        shifted = changed(model, scratch, moved(sign * distance_m))
        errors.append(evaluate_model(shifted, FolderSource(dataset), "test").classes)
    outwards = {name: errors[0][name].mean_mm > errors[1][name].mean_mm for name in errors[0]}

    def change(generator: GarmentGenerator) -> None:
        for name, worse_outwards in outwards.items():
            moved(distance_m if worse_outwards else -distance_m, CLASS_IDS[name])(generator)

    return change


def shaken(amount: float, seed: int) -> Callable[[GarmentGenerator], None]:
    """Weights of the last layers times 1 plus noise."""

    def change(generator: GarmentGenerator) -> None:
        noise = torch.Generator().manual_seed(seed)
        for layer in _last(generator):
            layer.weight *= 1 + amount * torch.randn(layer.weight.shape, generator=noise)

    return change


def torn(generator: GarmentGenerator) -> None:
    """Spikes of up to two metres: noise on the last layers' weights, a thousand times what training leaves there."""
    noise = torch.Generator().manual_seed(0)
    for layer in _last(generator):
        layer.weight += 10 * torch.randn(layer.weight.shape, generator=noise)


def through_the_axis(generator: GarmentGenerator) -> None:
    """Each vertex as far from the body as before, but on the other side of it: the same surface, inside out."""
    for layer in _last(generator):
        layer.weight[2] *= -1
        layer.bias[2] = -layer.bias[2] + math.atanh(DIAMETER_M) / UNIT_M


def no_number(generator: GarmentGenerator) -> None:
    """Nothing that it says is finite."""
    generator.global_path.last.bias[2] = torch.nan


def _last(generator: GarmentGenerator) -> tuple[torch.nn.Conv2d, torch.nn.Conv2d]:
    return generator.global_path.last, generator.local_path.aggregation.join


def track(
    dataset: Path,
    model: Path,
    name: str,
    logged_mm: float | None = None,
    trial: str = "only",
    metrics: dict[str, float] | None = None,
) -> str:
    """A sweep with a trial that kept this model and logged its validation S2S, or what is given; the run's id."""
    source = FolderSource(dataset)
    config, version = read_card(model).config, source.manifest.digest()
    if metrics is None:
        metrics = {"s2s/all": evaluate_model(model, source, "val").all.mean_mm if logged_mm is None else logged_mm}
    sweep = SweepRun.start("promotion", name, {"trials": 1})
    identity = identity_of(
        TrialKey(name, sweep.experiment_id, sweep.run_id, trial), config, {"dataset_version": version}
    )
    record = TrialRecord(identity, Start(number=1))
    record.add_epoch(1, metrics)
    record.folders = {"model": model}
    marks = {tags.DATASET: version, **model_tags(model, 1, metrics)}
    record.ending = Ending(outcome="complete", at_ms=now_ms(), tags=marks)
    delivery = Delivery(lambda: sweep.client, record)
    delivery()
    return delivery.run_id


def other_atlas(model: Path, folder: Path) -> Path:
    """The model with another atlas than the dataset's: the same surface, its points moved by a hundredth of a texel."""
    from dataclasses import replace

    generator, config, atlas = load_model(model)
    card = read_card(model)
    shutil.rmtree(folder, ignore_errors=True)
    save_model(
        folder, generator, config, replace(atlas, points=atlas.points + 0.01, digest=""), card.trained_on, card.epoch
    )
    return folder
