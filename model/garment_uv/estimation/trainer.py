"""The body network's training: epochs, errors on the validation split, checkpoints, from beginning to end.

<folder>/checkpoint.json        epoch, config, dataset version, sha256 of the rest
<folder>/training.safetensors   the optimiser's state and torch's random numbers
<folder>/model/                 the network as a body model folder
"""

import math
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from garment_uv.body import load_body
from garment_uv.errors import Infeasible, UserError
from garment_uv.estimation.config import BodyFitConfig
from garment_uv.estimation.examples import BodyBatch, Examples, Pictures
from garment_uv.estimation.losses import body_errors, body_losses
from garment_uv.estimation.model_file import (
    BODY_FILES,
    BODY_JSON,
    BODY_WEIGHTS,
    BodyCard,
    load_body_model,
    save_body_model,
    write_body_model,
)
from garment_uv.estimation.network import BodyRegressor
from garment_uv.estimation.skeleton import joint_rotations
from garment_uv.files import FileFacts, facts_below, read_json, verify_files, write_json
from garment_uv.outputs import check_replaceable, present_folder, replaced_folder
from garment_uv.samples.batch_plan import epoch_order
from garment_uv.samples.source import DatasetSource
from garment_uv.training.checkpoint import load_optimiser, optimiser_tensors, part
from garment_uv.training.device import resolve_device
from garment_uv.training.epochs import rate_factor
from garment_uv.training.fitting import TRAIN_SPLIT
from garment_uv.training.model_file import load_tensors, load_weights, save_tensors
from garment_uv.training.running import RandomState

CHECKPOINT_JSON, TRAINING, MODEL = "checkpoint.json", "training.safetensors", "model"
WHERE_IT_RUNS = ("uri", "smpl_dir", "device", "threads")


@dataclass(frozen=True)
class BodyEpoch:
    """What one epoch gave."""

    epoch: int
    losses: dict[str, float]
    errors: dict[str, float]
    """On the validation split; empty in epochs without a look at it."""
    seconds: float


class BodyTrainer:
    """Trains the body network of `config` on `source`, one epoch a call: the same numbers for the same seed on the CPU,
    also when killed and resumed from the last `save`.
    """

    def __init__(self, config: BodyFitConfig, source: DatasetSource) -> None:
        self.config, self.source = config, source
        self.device = resolve_device(config.device)
        self.epoch = 0
        self.errors: dict[str, float] = {}
        body = source.manifest.body
        model = load_body(body.name, config.smpl_dir or None)
        if model.digest != body.body_digest:
            raise UserError(
                f"{source.uri} was prepared on another version of the body {body.name!r} ({body.body_digest[:16]}, "
                f"here {model.digest[:16]}): prepare it again, or use that version"
            )
        self._pictures = {split: Pictures(source, split) for split in (TRAIN_SPLIT, config.split)}
        self._examples = Examples(config, model)
        self._random = RandomState(config.seed, self.device)
        with self._random.active():
            self.network = BodyRegressor(config.network).to(self.device)
        self._optimiser = torch.optim.Adam(self.network.parameters(), lr=config.learning_rate)
        self._mean_depth = self._start_from_the_mean()

    def train_epoch(self) -> BodyEpoch:
        """Train the next epoch; Infeasible where a loss is not finite, UserError when all epochs are done."""
        if self.epoch >= self.config.epochs:
            raise UserError(f"all {self.epoch} epochs are trained: start anew with more epochs to train longer")
        began = time.monotonic()
        factor = rate_factor(self.epoch, self.config.epochs, self.config.decay_from)
        for group in self._optimiser.param_groups:
            group["lr"] = self.config.learning_rate * factor
        threads = torch.get_num_threads()
        if self.config.threads:
            torch.set_num_threads(self.config.threads)
        try:
            with self._random.active():
                losses = self._train()
                self.epoch += 1
                due = self.epoch % self.config.evaluate_every == 0 or self.epoch == self.config.epochs
                errors = self.measure(self.config.split) if due else {}
        finally:
            torch.set_num_threads(threads)
        self.errors = errors or self.errors
        return BodyEpoch(self.epoch, losses, errors, time.monotonic() - began)

    @torch.no_grad()
    def measure(self, split: str) -> dict[str, float]:
        """Mean errors over a split's frames, each in one displaced square: see `losses.body_errors`."""
        pictures = self._pictures.get(split) or Pictures(self.source, split)
        self.network.eval()
        sums: dict[str, float] = {}
        for batch in self._batches(pictures, epoch_order(pictures.sizes, 0, 0, False), None):
            errors = body_errors(self.network(batch.pictures), batch)
            sums = {name: sums.get(name, 0.0) + float(values.double().sum()) for name, values in errors.items()}
        return {name: value / len(pictures) for name, value in sums.items()}

    def card(self) -> BodyCard:
        """What the model folder says about itself."""
        body = self.source.manifest.body
        return BodyCard(
            config=self.config,
            config_digest=self.config.digest(),
            epoch=self.epoch,
            dataset_version=self.source.manifest.digest(),
            body_model=body.name,
            body_digest=body.body_digest,
            mean_depth_m=self._mean_depth,
            errors=self.errors,
        )

    def save(self, folder: Path) -> None:
        """Write the whole state as a checkpoint folder, atomically."""
        with replaced_folder(folder, (CHECKPOINT_JSON, TRAINING, MODEL)) as fresh:
            (fresh / MODEL).mkdir()
            write_body_model(fresh / MODEL, self.network, self.card())
            tensors = optimiser_tensors("optimiser", self._optimiser)
            tensors |= {f"random/{name}": value for name, value in self._random.tensors().items()}
            save_tensors(fresh / TRAINING, tensors)
            values: dict[str, Any] = {
                "config": self.config.plain(),
                "dataset_version": self.source.manifest.digest(),
                "epoch": self.epoch,
                "errors": self.errors,
                "random": self._random.plain().plain(),
                "files": {name: facts.plain() for name, facts in facts_below(fresh).items()},
            }
            write_json(fresh / CHECKPOINT_JSON, values)

    def load(self, folder: Path) -> None:
        """Go on from a checkpoint of this config and dataset; UserError, and no change, when it is none."""
        path = present_folder(Path(folder))
        values = read_json(path / CHECKPOINT_JSON, "checkpoint")
        verify_files(path, {name: FileFacts(**facts) for name, facts in values["files"].items()})
        earlier = BodyFitConfig.from_plain(values["config"])
        if other := _other(self.config, self.source, earlier, values["dataset_version"]):
            raise UserError(f"{path} was trained with another {other}: resume with that one, or give another folder")
        tensors = load_tensors(path / TRAINING)
        load_weights(self.network, load_tensors(path / MODEL / BODY_WEIGHTS), path)
        load_optimiser("optimiser", self._optimiser, tensors)
        random = type(self._random.plain()).from_plain(values["random"])
        self._random.load(part("random", tensors), random)
        self.epoch, self.errors = values["epoch"], values["errors"]

    def _train(self) -> dict[str, float]:
        pictures = self._pictures[TRAIN_SPLIT]
        order = epoch_order(pictures.sizes, self.config.seed, self.epoch, True)
        sums: dict[str, float] = {}
        self.network.train()
        for batch in self._batches(pictures, order, self.epoch):
            terms = body_losses(self.network(batch.pictures), batch, self.config.loss)
            self._optimiser.zero_grad(set_to_none=True)
            terms["total"].backward()
            self._optimiser.step()
            for name, term in terms.items():
                sums[name] = sums.get(name, 0.0) + float(term.detach()) * len(batch)
        losses = {name: value / len(order) for name, value in sums.items()}
        if not math.isfinite(losses["total"]):
            raise Infeasible(f"the body network's loss became {losses['total']} in epoch {self.epoch + 1}")
        return losses

    def _batches(self, pictures: Pictures, order: list[tuple[int, int]], epoch: int | None) -> Iterator[BodyBatch]:
        for start in range(0, len(order), self.config.batch_size):
            frames = [pictures.read(*place) for place in order[start : start + self.config.batch_size]]
            yield self._examples.batch(frames, epoch).to(self.device)

    def _start_from_the_mean(self) -> float:
        """Give the network the training split's mean body; the mean distance of the bodies, metres."""
        pictures = self._pictures[TRAIN_SPLIT]
        places = epoch_order(pictures.sizes, 0, 0, False)
        step = max(1, len(places) // 500)
        bodies = [pictures.read(*place).body for place in places[::step]]
        rotations = torch.stack([torch.from_numpy(joint_rotations(body)) for body in bodies])
        self.network.start_from(rotations, torch.stack([torch.from_numpy(body.shape) for body in bodies]))
        return float(sum(body.camera[0] for body in bodies) / len(bodies))


SAVE_EVERY_SECONDS = 20.0


def train_body(
    config: BodyFitConfig, source: DatasetSource, folder: Path, report: Callable[[BodyEpoch], None] | None = None
) -> BodyCard:
    """Train to the last epoch and write the model folder `folder`, in `<folder>.training` while under way; its card.

    A finished training is not repeated. UserError where `folder` holds another config's or dataset's model.
    """
    folder = Path(folder)
    check_replaceable(folder, BODY_FILES)
    if (present_folder(folder) / BODY_JSON).exists():
        card = load_body_model(folder)[1]
        if other := _other(config, source, card.config, card.dataset_version):
            raise UserError(f"{folder} holds a body model of another {other}: give another folder, or take it away")
        return card
    under_way = folder.with_name(f"{folder.name}.training")
    trainer = BodyTrainer(config, source)
    if present_folder(under_way).exists():
        trainer.load(under_way)
    unsaved = 0.0
    while trainer.epoch < config.epochs:
        done = trainer.train_epoch()
        unsaved += done.seconds
        if unsaved >= SAVE_EVERY_SECONDS and trainer.epoch < config.epochs:
            trainer.save(under_way)
            unsaved = 0.0
        if report:
            report(done)
    save_body_model(folder, trainer.network, trainer.card())
    shutil.rmtree(under_way, ignore_errors=True)
    return load_body_model(folder)[1]


def _other(config: BodyFitConfig, source: DatasetSource, earlier: BodyFitConfig, version: str) -> str:
    """What an earlier training had otherwise, config or dataset; empty where it was the same training."""
    now, before = config.flat(), earlier.flat()
    differing = [name for name in now if now[name] != before[name] and name not in WHERE_IT_RUNS]
    if differing:
        return f"config ({differing[0]} was {before[differing[0]]!r})"
    return "dataset version" if version != source.manifest.digest() else ""
