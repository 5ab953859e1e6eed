"""One trial's training: epochs, evaluation, checkpoints."""

import math
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import torch

from garment_uv.errors import Infeasible, UserError
from garment_uv.losses.generator_loss import GeneratorLoss
from garment_uv.metrics.aggregate import S2STable
from garment_uv.metrics.scores_file import SampleScore
from garment_uv.networks.config import check_map_size
from garment_uv.samples.batch import Batch
from garment_uv.samples.batch_plan import class_balanced
from garment_uv.samples.loader import SampleLoader
from garment_uv.samples.source import DatasetSource
from garment_uv.training import checkpoint, model_file
from garment_uv.training.augment import jitter_colours, mirror_for
from garment_uv.training.device import Precision, compiling_wins, fastest_layout, fastest_precision, resolve_device
from garment_uv.training.epochs import DataWatch, rate_factor, stretches
from garment_uv.training.evaluate import Evaluator, evaluation_batch
from garment_uv.training.fitting import TRAIN_SPLIT, check_processes, check_splits, trained_on
from garment_uv.training.parallel import ALONE, Processes
from garment_uv.training.predict import SegmentSource
from garment_uv.training.report import Best, EpochReport, FeasibilityWatch
from garment_uv.training.running import RandomState, deterministic_sums, keep_freed_memory
from garment_uv.training.steps import AdversarialSteps, Learners
from garment_uv.training.trial import TrialConfig
from garment_uv.uv.frames import SurfaceFrames
from garment_uv.uv.sampling import reading_of

Choice = TypeVar("Choice")

LOOK_EVERY = 20
"""Batches between looks at whether the losses are still finite; each look waits for the device."""


class Trainer:
    """Trains the full model of `config` on `source`, one epoch a call.

    The same config and dataset give the same numbers on the same machine: bit for bit on the CPU, also when
    killed and resumed from the last `save`. On CUDA sums may be ordered differently from run to run.

    Of several `processes` each has a trainer, whose methods are called at the same time in all of them; with any number
    of them the numbers are the same but for the order of sums.
    """

    def __init__(self, config: TrialConfig, source: DatasetSource, processes: Processes = ALONE) -> None:
        self.config = config
        self.source = source
        self._processes = processes
        check_processes(config, processes)
        self.device = processes.device(resolve_device(config.training.device))
        if self.device.type == "cpu":
            keep_freed_memory()
        self.atlas = source.atlas()
        self.trained_on = trained_on(source)
        self.best: Best | None = None
        self.epoch = 0
        """Epochs done."""
        self.scores: list[SampleScore] = []
        """Of the latest headline evaluation of this process; empty before the first."""
        check_map_size(self.atlas.size, config.generator)
        check_splits(config, source.manifest)
        self._loader = SampleLoader(
            source,
            TRAIN_SPLIT,
            config.training.batch_size,
            seed=config.seed,
            workers=config.data.workers,
            fill=config.data.fill,
            pin_memory=self.device.type == "cuda",
            division=processes.division,
            body_noise=config.training.body_noise,
            smpl_dir=config.data.smpl_dir,
            pictures=config.training.pictures,
            weights=class_balanced(source.manifest, TRAIN_SPLIT) if config.data.balance == "class" else None,
        )
        self._data = DataWatch(source, processes, self.device)
        self._mirror = mirror_for(self.atlas, config.training.mirror)
        self._random = RandomState(config.seed, self.device)
        with self._random.active():
            self._learners = Learners(config, self.device)
        self.generator, self.discriminator = self._learners.generator, self._learners.discriminator
        self._frames = SurfaceFrames(self.atlas).to(self.device) if self.generator.needs_frames else None
        self.model = self._learners.model
        """The generator that is evaluated and saved: with averaged weights where the config asks for them."""
        self._watch = FeasibilityWatch(config.training)
        asked = config.training.precision
        precision = self._measured(fastest_precision) if asked == "auto" else asked
        self._precision = Precision(precision, self.device, processes)
        layout = self._measured(fastest_layout, self._precision.name)
        self._learners.lay_out(layout)
        if config.training.compile == "auto" and self._measured(compiling_wins, self._precision.name, layout):
            self._learners.compile()
        readings = config.generator.reading, reading_of(source.manifest.fill)
        loss = GeneratorLoss(config.loss, self.atlas, processes.means, *readings).to(self.device)
        optimisers = self._learners.optimisers["generator"], self._learners.optimisers["discriminator"]
        self._steps = AdversarialSteps(self.generator, self.discriminator, loss, *optimisers, self._precision)
        size, out_of_body = evaluation_batch(config), config.evaluation.push_out
        self.evaluator = Evaluator(self.model, self.atlas, source, size, out_of_body, processes)
        """Gives samples with their predicted meshes and scores, for pictures and pages."""

    def train_epoch(self) -> EpochReport:
        """Train the next epoch, and evaluate after it when it is due.

        Infeasible where it diverged or the discriminator collapsed, UserError when all epochs are done.
        """
        if self.epoch >= self.config.training.epochs:
            raise UserError(
                f"all {self.epoch} epochs are trained: start anew with higher training.epochs to train longer"
            )
        began = time.monotonic()
        factor = rate_factor(self.epoch, self.config.training.epochs, self.config.training.decay_from)
        with self._running():
            losses = self._train(factor)
            self.epoch += 1
            self._watch.losses(self.epoch, losses, self._steps.adversarial)
            headline, predicted = self._evaluate()
        took, data = time.monotonic() - began, self._data.metrics()
        return EpochReport(self.epoch, losses, headline, predicted, self.best, factor, took, data)

    def train_batch(self, batch: Batch) -> dict[str, torch.Tensor]:
        """One training step on a batch of the caller's, outside any epoch; detached scalar losses by name."""
        self._learners.train()
        with self._running():
            return self._steps(self._with_frames(batch.to(self.device)))

    def evaluate(self, split: str, segments: SegmentSource = "given", max_samples: int = 0) -> S2STable:
        """S2S of the generator as it is on `split`, with the dataset's segments or the model's own."""
        with self._running():
            return self.evaluator.table(split, segments, max_samples)

    def save(self, folder: Path) -> None:
        """Write the whole state as a checkpoint folder with the model in it, atomically, in the first process."""
        if self._processes.division.rank:
            return
        random = {f"random/{name}": value for name, value in self._random.tensors().items()}
        progress = checkpoint.TrainingProgress(
            epoch=self.epoch,
            best=self.best,
            collapsed_epochs=self._watch.collapsed_epochs,
            precision=self._precision.name,
            random=self._random.plain(),
            scaler=self._precision.scaler.state_dict(),
        )
        state = checkpoint.TrainingState(self._learners.tensors() | random, progress)
        version = self.trained_on.dataset_version
        checkpoint.save_checkpoint(folder, state, self.config, version, self._write_model)

    def load(self, folder: Path, changed: Collection[str] = ()) -> None:
        """Go on from a checkpoint of this config, but for fields in `changed`, and dataset; else UserError."""
        version = self.trained_on.dataset_version
        state, weights = checkpoint.load_checkpoint(folder, self.config, version, changed)
        self._learners.load(state.tensors, weights, Path(folder))
        progress = state.progress
        self._random.load(checkpoint.part("random", state.tensors), progress.random)
        self._precision.scaler.load_state_dict(progress.scaler)
        self._watch.collapsed_epochs = progress.collapsed_epochs
        if self.config.training.precision == "auto":
            self._precision.name = progress.precision
        self.best = progress.best
        self.epoch = progress.epoch
        self.scores = []

    def save_model(self, folder: Path) -> None:
        """Write the generator as a model folder, all that inference needs; atomically."""
        model_file.save_model(folder, self.model, self.config, self.atlas, self.trained_on, self.epoch)

    def close(self) -> None:
        """End the loader's processes; the trainer can still be used."""
        self._loader.close()

    def _train(self, factor: float) -> dict[str, float]:
        self._learners.begin_epoch(factor)
        sums: dict[str, torch.Tensor] = {}
        samples, jitter = 0, self.config.training.colour_jitter
        for number, batch in enumerate(self._data.batches(self._batches()), start=1):
            batch = batch.to(self.device, non_blocking=True)
            if self._mirror:
                chosen = torch.rand(batch.whole) < 0.5
                batch = self._mirror(batch, batch.portion.of(chosen) if batch.portion else chosen)
            if jitter:
                batch = replace(batch, image=jitter_colours(batch.image, jitter, batch.portion))
            losses = self._steps(self._with_frames(batch))
            if self._learners.average:
                self._learners.average.update_parameters(self.generator)
            samples += batch.whole
            for name, value in losses.items():
                sums[name] = sums.get(name, 0.0) + value.double() * batch.whole
            if number % LOOK_EVERY == 0:
                total = float(self._processes.sum(sums["total"].clone()))
                if not math.isfinite(total):
                    raise Infeasible(f"the total loss became {total} in epoch {self.epoch + 1}")
        whole = self._processes.sum(torch.stack(list(sums.values())))
        return {name: value / samples for name, value in zip(sums, whole.tolist(), strict=True)}

    def _with_frames(self, batch: Batch) -> Batch:
        """The batch with its bodies' frames, where the generator asks for them."""
        return replace(batch, frames=self._frames(batch.body_vertices)) if self._frames else batch

    def _batches(self) -> Iterator[Batch]:
        samples, size = self.config.data.epoch_samples, self.config.training.batch_size
        for stretch in stretches(self.epoch, len(self._loader), -(-samples // size)):
            yield from self._loader.batches(*stretch)

    def _measured(self, choose: Callable[..., Choice], *about: object) -> Choice:
        """What `choose` finds fastest for this training's networks; of several processes all take the first one's."""
        with self._running():
            timed = partial(choose, self.config.generator, self.atlas.size, self.device, *about)
            return self._processes.together(timed)[0]

    def _evaluate(self) -> tuple[S2STable | None, S2STable | None]:
        chosen, last = self.config.evaluation, self.epoch == self.config.training.epochs
        if self.epoch % chosen.every and not last:
            return None, None
        self.scores = self.evaluator.scores(chosen.split, chosen.segments, chosen.max_samples)
        headline = S2STable.from_scores(item.score for item in self.scores)
        s2s_mm = headline.all.mean_mm
        self._watch.s2s(self.epoch, s2s_mm)
        if self.best is None or s2s_mm < self.best.s2s_mm:
            self.best = Best(epoch=self.epoch, s2s_mm=s2s_mm)
        if chosen.segments == "predicted":
            return headline, headline
        if chosen.predicted == "always" or (chosen.predicted == "last" and last):
            return headline, self.evaluator.table(chosen.split, "predicted", chosen.max_samples)
        return headline, None

    def _write_model(self, folder: Path) -> None:
        model_file.write_model(folder, self.model, self.config, self.atlas, self.trained_on, self.epoch)

    @contextmanager
    def _running(self) -> Iterator[None]:
        """This training's random numbers, threads and deterministic algorithms, while inside."""
        with self._random.active(), deterministic_sums(self.config.training.threads):
            yield
