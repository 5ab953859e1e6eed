"""Work that costs nothing: a made-up learning curve of the config, to try and measure the sweep's own machinery."""

import hashlib
import json
import math
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from garment_sweeps.ray.nodes import Place
from garment_sweeps.ray.session import quiet_ray
from garment_sweeps.trials.context import TrialContext
from garment_sweeps.trials.job import TrialJob
from garment_sweeps.trials.work import OpenWork
from garment_uv.classes import GARMENT_CLASSES
from garment_uv.errors import Infeasible, UserError
from garment_uv.training.trial import TrialConfig

PROGRESS_FILE = "tabulated.json"
TOO_LARGE_RATE = 0.5
"""Generator learning rates above this diverge, as a real training's would."""


BEST_RATE = 1e-3
BEST_RATES = {name: BEST_RATE * 2.0**place for place, name in enumerate(GARMENT_CLASSES, start=1)}
"""Of each class alone, so that what is best overall is not what is best for dresses."""


def curve_mm(config: TrialConfig, epoch: int, best_rate: float = BEST_RATE) -> float:
    """S2S in mm after `epoch` epochs: exponential decay to a floor that the config decides, with repeatable noise.

    One decade off the best rate costs 8 mm, one off the best adversarial weight, 1e-2, 3 mm.
    """
    rate = math.log10(config.training.optimiser.generator_lr / best_rate)
    adversarial = math.log10(max(config.loss.adversarial, 1e-9) / 1e-2)
    floor = 18.0 + 8.0 * rate * rate + 3.0 * min(abs(adversarial), 3.0)
    what = [config.loss.digest(), config.training.digest(), config.generator.digest(), config.seed, epoch]
    digest = hashlib.sha256(json.dumps(what).encode()).digest()
    noise = int.from_bytes(digest[:4], "big") / 2**32 - 0.5
    return floor + 60.0 * math.exp(-0.5 * epoch) + 0.2 * noise


def tabulated_costs(config: TrialConfig) -> dict[str, float]:
    """Seconds per image, MiB and parameters that grow with the generator as a real one's roughly do."""
    sizes = config.generator
    wide, local = sizes.base_features * 2**sizes.global_downsamples, sizes.local
    parameters = 9 * wide**2 * (2 + sizes.residual_blocks) + len(local.groups) * local.depth * local.features**2
    return {
        "seconds_per_image": 1e-3 + 2e-9 * parameters,
        "memory_mib": 200.0 + 16.0 * parameters * config.training.batch_size / 2**20,
        "parameters": float(parameters),
    }


class TabulatedWork:
    """Reads `curve_mm`, one epoch after the other."""

    def __init__(self, config: TrialConfig, seconds_per_epoch: float = 0.0) -> None:
        self.epoch = 0
        self.parameters: dict[str, str] = {}
        self._config = config
        self._seconds = seconds_per_epoch

    def run_epoch(self) -> dict[str, float]:
        """The next point of the curve; Infeasible at too large a learning rate."""
        time.sleep(self._seconds)
        if self._config.training.optimiser.generator_lr > TOO_LARGE_RATE:
            raise Infeasible(f"diverged at learning rate {self._config.training.optimiser.generator_lr:g}")
        self.epoch += 1
        classes = {f"s2s/{name}": curve_mm(self._config, self.epoch, rate) for name, rate in BEST_RATES.items()}
        return {"s2s/all": curve_mm(self._config, self.epoch), **classes, "epoch": float(self.epoch)}

    def save(self, folder: Path) -> None:
        """Writes the epoch."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / PROGRESS_FILE).write_text(json.dumps({"epoch": self.epoch}))

    def load(self, folder: Path, changed: tuple[str, ...] = ()) -> None:
        """Reads the epoch; UserError where the file is missing or damaged."""
        try:
            self.epoch = int(json.loads((folder / PROGRESS_FILE).read_text())["epoch"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(f"{folder} holds no whole checkpoint ({error}); remove it") from None

    def export(self, folder: Path) -> bool:
        """There is no model."""
        return False

    def gallery(self, folder: Path) -> bool:
        """There is nothing to see."""
        return False

    def scores(self, folder: Path) -> bool:
        """Nothing was evaluated."""
        return False

    def costs(self) -> dict[str, float]:
        """Made up from the generator's sizes: the larger, the dearer."""
        return tabulated_costs(self._config)

    def close(self) -> None:
        """There is nothing to let go of."""


def tabulated(seconds_per_epoch: float = 0.0) -> OpenWork:
    """Opens such work; it travels to Ray's workers whole, wherever they look for modules."""
    quiet_ray()  # before Ray is imported
    from ray import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    return partial(_open, seconds_per_epoch=seconds_per_epoch)


def tabulated_job(
    context: TrialContext,
    trial: dict[str, Any],
    values: dict[str, Any],
    checkpoint: Path | None = None,
    seconds_per_epoch: float = 0.0,
) -> TrialJob:
    """A trial of such work, without Tune."""
    return TrialJob(context, trial, values, checkpoint, open_work=tabulated(seconds_per_epoch))


def _open(context: TrialContext, config: TrialConfig, place: Place, seconds_per_epoch: float) -> TabulatedWork:
    return TabulatedWork(config, seconds_per_epoch)
