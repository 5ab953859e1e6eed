"""One trial's training: epochs, evaluation, checkpoints."""

import math
import time
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
import torch.utils.deterministic

from garment_uv.config.trial import TrialConfig
from garment_uv.errors import Infeasible, UserError
from garment_uv.losses.generator_loss import GeneratorLoss
from garment_uv.metrics.aggregate import S2STable
from garment_uv.networks.blocks import recompute_residuals
from garment_uv.networks.discriminator import Discriminator
from garment_uv.networks.generator import GarmentGenerator
from garment_uv.networks.sizes import check_map_size
from garment_uv.samples.batch import Batch
from garment_uv.samples.loader import SampleLoader
from garment_uv.samples.source import DatasetSource
from garment_uv.training import checkpoint, model_file
from garment_uv.training.allocator import keep_freed_memory
from garment_uv.training.augment import jitter_colours
from garment_uv.training.average import WeightAverage
from garment_uv.training.device import Precision, place, resolve_device
from garment_uv.training.evaluate import Evaluator, evaluation_batch
from garment_uv.training.fastest import fastest_precision
from garment_uv.training.infeasible import FeasibilityWatch
from garment_uv.training.mirror import Mirror
from garment_uv.training.parallel import ALONE, Processes
from garment_uv.training.predict import SegmentSource, quiet_sparse
from garment_uv.training.random_state import RandomState
from garment_uv.training.report import Best, EpochReport
from garment_uv.training.schedule import rate_factor
from garment_uv.training.steps import AdversarialSteps

TRAIN_SPLIT = "train"
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
        _check_processes(config, processes)
        self.device = processes.device(resolve_device(config.training.device))
        if self.device.type == "cpu":
            keep_freed_memory()
        self.atlas = source.atlas()
        self.trained_on = trained_on(source)
        self.best: Best | None = None
        self.epoch = 0
        """Epochs done."""
        check_map_size(self.atlas.size, config.generator)
        _check_splits(config, source)
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
        )
        self._mirror = Mirror(self.atlas) if config.training.mirror else None
        self._random = RandomState(config.seed, self.device)
        with self._random.active():
            self.generator = place(GarmentGenerator(config.generator), self.device)
            judge = Discriminator(config.discriminator, config.generator.condition_on_body, config.generator.target)
            self.discriminator = place(judge, self.device)
        decay = config.training.ema_decay
        self._average = WeightAverage(self.generator, decay) if decay else None
        self._watch = FeasibilityWatch(config.training)
        self._precision = Precision(self._chosen_precision(), self.device, processes)
        recompute_residuals(self.generator, config.training.save_memory)
        rates = config.training.optimiser
        self._optimisers = {
            "generator": _adam(self.generator, rates.generator_lr, config),
            "discriminator": _adam(self.discriminator, rates.discriminator_lr, config),
        }
        self._steps = AdversarialSteps(
            self.generator,
            self.discriminator,
            GeneratorLoss(config.loss, self.atlas, processes.means).to(self.device),
            self._optimisers["generator"],
            self._optimisers["discriminator"],
            self._precision,
        )
        self._evaluator = Evaluator(
            self.model, self.atlas, source, evaluation_batch(config), config.evaluation.push_out, processes
        )

    def train_epoch(self) -> EpochReport:
        """Train the next epoch, and evaluate after it when it is due.

        Raises Infeasible with the reason when the training diverged or the discriminator collapsed, and
        UserError when all epochs are done or a shard's bytes are not the manifest's.
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
        return EpochReport(self.epoch, losses, headline, predicted, self.best, factor, time.monotonic() - began)

    def train_batch(self, batch: Batch) -> dict[str, torch.Tensor]:
        """One training step on a batch of the caller's, outside any epoch; detached scalar losses by name."""
        self.generator.train()
        self.discriminator.train()
        with self._running():
            return self._steps(batch.to(self.device))

    @property
    def model(self) -> GarmentGenerator:
        """The generator that is evaluated and saved: with averaged weights where the config asks for them."""
        return self._average.network if self._average else self.generator

    def evaluate(self, split: str, segments: SegmentSource = "given", max_samples: int = 0) -> S2STable:
        """S2S of the generator as it is on `split`, with the dataset's segments or the model's own."""
        with self._running():
            return self._evaluator.table(split, segments, max_samples)

    @property
    def evaluator(self) -> Evaluator:
        """Gives samples with their predicted meshes and scores, for pictures and pages."""
        return self._evaluator

    def save(self, folder: Path) -> None:
        """Write the whole state as a checkpoint folder, atomically; it holds the model for inference too.

        All processes have the same state, and any number of them can go on from it; the first one writes.
        """
        if self._processes.division.rank:
            return
        tensors = {f"discriminator/{name}": value for name, value in self.discriminator.state_dict().items()}
        for name, optimiser in self._optimisers.items():
            tensors |= checkpoint.optimiser_tensors(f"{name}_optimiser", optimiser)
        tensors |= {f"random/{name}": value for name, value in self._random.tensors().items()}
        if self._average:
            tensors |= {f"generator/{name}": value for name, value in self.generator.state_dict().items()}
            tensors["average/steps"] = torch.tensor(self._average.steps)
        progress = checkpoint.Progress(
            epoch=self.epoch,
            best=self.best,
            collapsed_epochs=self._watch.collapsed_epochs,
            precision=self._precision.name,
            random=self._random.plain(),
            scaler=self._precision.scaler.state_dict(),
        )
        state = checkpoint.TrainingState(tensors, progress)
        version = self.trained_on.dataset_version
        checkpoint.save_checkpoint(folder, state, self.config, version, self._write_model)

    def load(self, folder: Path, changed: Collection[str] = ()) -> None:
        """Go on from a checkpoint of this config and dataset; UserError, and no change, when it is none.

        Fields named in `changed` may have had other values (see `checkpoint.load_checkpoint`); this config's count
        from here on.
        """
        version = self.trained_on.dataset_version
        state, weights = checkpoint.load_checkpoint(folder, self.config, version, changed)
        model_file.load_weights(self.model, weights, Path(folder))
        if self._average:
            own = checkpoint.part("generator", state.tensors)
            model_file.load_weights(self.generator, own, Path(folder))
            self._average.steps = int(state.tensors["average/steps"])
        discriminator = checkpoint.part("discriminator", state.tensors)
        model_file.load_weights(self.discriminator, discriminator, Path(folder))
        for name, optimiser in self._optimisers.items():
            checkpoint.load_optimiser(f"{name}_optimiser", optimiser, state.tensors)
        progress = state.progress
        self._random.load(checkpoint.part("random", state.tensors), progress.random)
        self._precision.scaler.load_state_dict(progress.scaler)
        self._watch.collapsed_epochs = progress.collapsed_epochs
        if self.config.training.precision == "auto":
            self._precision.name = progress.precision
        self.best = progress.best
        self.epoch = progress.epoch

    def save_model(self, folder: Path) -> None:
        """Write the generator as a model folder, all that inference needs; atomically."""
        model_file.save_model(folder, self.model, self.config, self.atlas, self.trained_on, self.epoch)

    def close(self) -> None:
        """End the loader's processes; the trainer can still be used."""
        self._loader.close()

    def _train(self, factor: float) -> dict[str, float]:
        rates = self.config.training.optimiser
        _set_rate(self._optimisers["generator"], rates.generator_lr * factor)
        _set_rate(self._optimisers["discriminator"], rates.discriminator_lr * factor)
        self.generator.train()
        self.discriminator.train()
        sums: dict[str, torch.Tensor] = {}
        samples, jitter = 0, self.config.training.colour_jitter
        for number, batch in enumerate(self._loader.batches(self.epoch), start=1):
            batch = batch.to(self.device, non_blocking=True)
            if self._mirror:
                chosen = torch.rand(batch.whole) < 0.5
                batch = self._mirror(batch, batch.portion.of(chosen) if batch.portion else chosen)
            if jitter:
                batch = replace(batch, image=jitter_colours(batch.image, jitter, batch.portion))
            losses = self._steps(batch)
            if self._average:
                self._average.update(self.generator)
            samples += batch.whole
            for name, value in losses.items():
                sums[name] = sums.get(name, 0.0) + value.double() * batch.whole
            if number % LOOK_EVERY == 0:
                total = float(self._processes.sum(sums["total"].clone()))
                if not math.isfinite(total):
                    raise Infeasible(f"the total loss became {total} in epoch {self.epoch + 1}")
        whole = self._processes.sum(torch.stack(list(sums.values())))
        return {name: value / samples for name, value in zip(sums, whole.tolist(), strict=True)}

    def _chosen_precision(self) -> str:
        asked = self.config.training.precision
        if asked != "auto":
            return asked
        with self._running():
            timed = partial(fastest_precision, self.config.generator, self.atlas.size, self.device)
            return self._processes.together(timed)[0]  # of several processes all take the first one's

    def _evaluate(self) -> tuple[S2STable | None, S2STable | None]:
        chosen, last = self.config.evaluation, self.epoch == self.config.training.epochs
        if self.epoch % chosen.every and not last:
            return None, None
        headline = self._evaluator.table(chosen.split, chosen.segments, chosen.max_samples)
        s2s_mm = headline.all.mean_mm
        self._watch.s2s(self.epoch, s2s_mm)
        if self.best is None or s2s_mm < self.best.s2s_mm:
            self.best = Best(epoch=self.epoch, s2s_mm=s2s_mm)
        if chosen.segments == "predicted":
            return headline, headline
        if chosen.predicted == "always" or (chosen.predicted == "last" and last):
            return headline, self._evaluator.table(chosen.split, "predicted", chosen.max_samples)
        return headline, None

    def _write_model(self, folder: Path) -> None:
        model_file.write_model(folder, self.model, self.config, self.atlas, self.trained_on, self.epoch)

    @contextmanager
    def _running(self) -> Iterator[None]:
        """This training's random numbers, threads and deterministic algorithms, while inside."""
        threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
        warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
        fill = torch.utils.deterministic.fill_uninitialized_memory
        if self.config.training.threads:
            torch.set_num_threads(self.config.training.threads)
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.utils.deterministic.fill_uninitialized_memory = False  # nothing here reads what was not written
        try:
            with self._random.active(), quiet_sparse(), warnings.catch_warnings():
                for notice in ("does not have a deterministic implementation", "CUBLAS_WORKSPACE_CONFIG"):
                    warnings.filterwarnings("ignore", message=f".*{notice}.*")
                yield
        finally:
            torch.utils.deterministic.fill_uninitialized_memory = fill
            torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
            torch.set_num_threads(threads)


def trained_on(source: DatasetSource) -> model_file.TrainedOn:
    """What a model trained on this dataset must be told to read a picture."""
    manifest = source.manifest
    return model_file.TrainedOn(
        dataset_version=manifest.digest(),
        body_model=manifest.body.name,
        body_digest=manifest.body.body_digest,
        subdivisions=manifest.subdivisions,
        image_size=manifest.image_size,
    )


def _check_processes(config: TrialConfig, processes: Processes) -> None:
    wanted, there = config.training.processes, processes.division.processes
    if wanted != there:
        raise UserError(
            f"training.processes is {wanted}, but {there} was started here: start it by `garment train` or "
            "`garment sweep`, or set training.processes=1"
        )


def _check_splits(config: TrialConfig, source: DatasetSource) -> None:
    manifest, split = source.manifest, config.evaluation.split
    manifest.split_shards(TRAIN_SPLIT)
    manifest.split_shards(split)
    if split not in manifest.evaluation_splits:
        given = ", ".join(manifest.evaluation_splits) or "none"
        raise UserError(
            f"evaluation.split is {split!r}, whose samples carry no raw meshes to measure against: the "
            f"dataset's evaluation splits are {given}"
        )


def _adam(module: torch.nn.Module, rate: float, config: TrialConfig) -> torch.optim.Adam:
    betas = (config.training.optimiser.beta1, config.training.optimiser.beta2)
    return torch.optim.Adam(module.parameters(), lr=rate, betas=betas)


def _set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate
