"""Real training as a trial's work."""

from pathlib import Path
from typing import TYPE_CHECKING

from garment_sweeps.trials.context import TrialContext
from garment_sweeps.trials.costs import PeakMemory, enough_memory, measure_costs
from garment_uv.training.trial import TrialConfig

if TYPE_CHECKING:
    from garment_uv.training.parallel import Processes


class TrainingWork:
    """The `Work` of a `Trainer` on the sweep's dataset, with as many threads as the trial holds CPUs.

    Whatever runs out of memory, on the host or on the GPU, raises Infeasible. Of several processes that train together
    each has such a work (see `team`).
    """

    def __init__(self, context: TrialContext, config: TrialConfig, processes: "Processes | None" = None) -> None:
        import torch

        from garment_sweeps.storage import open_source
        from garment_uv.training.device import resolve_device
        from garment_uv.training.parallel import ALONE
        from garment_uv.training.trainer import Trainer

        torch.set_num_threads(max(1, int(context.cpus)))
        source = open_source(config.data.uri)
        self.parameters = {"dataset_version": source.manifest.digest()}
        processes = processes or ALONE
        with enough_memory():
            self._memory = PeakMemory(processes.device(resolve_device(config.training.device)))
            self._trainer = Trainer(config, source, processes)

    @property
    def epoch(self) -> int:
        return self._trainer.epoch

    def run_epoch(self) -> dict[str, float]:
        """Trains one epoch; losses as 'loss/NAME', errors as 's2s/NAME'."""
        with enough_memory():
            return self._trainer.train_epoch().metrics()

    def save(self, folder: Path) -> None:
        self._trainer.save(folder)

    def load(self, folder: Path, changed: tuple[str, ...] = ()) -> None:
        with enough_memory():
            self._trainer.load(folder, changed)

    def export(self, folder: Path) -> bool:
        self._trainer.save_model(folder)
        return True

    def gallery(self, folder: Path) -> bool:
        """Page, pictures and meshes of a few samples of the evaluation split, predicted beside true."""
        from garment_uv.viewing.gallery import write_gallery

        trainer = self._trainer
        chosen = trainer.config.evaluation
        if not chosen.meshes:
            return False
        samples = trainer.evaluator.samples(chosen.split, chosen.segments, chosen.meshes)
        with enough_memory():
            write_gallery(samples, trainer.atlas, folder, f"After {trainer.epoch} epochs: prediction and truth")
        return True

    def scores(self, folder: Path) -> bool:
        """The S2S of every garment at the last evaluation, measured again where another process made that."""
        from garment_uv.metrics.scores_file import write_scores

        trainer, chosen = self._trainer, self._trainer.config.evaluation
        scores = trainer.scores
        if not scores:
            with enough_memory():
                samples = trainer.evaluator.samples(chosen.split, chosen.segments, chosen.max_samples)
                scores = [score for sample in samples for score in sample.sample_scores]
        write_scores(scores, folder)
        return True

    def costs(self) -> dict[str, float]:
        with enough_memory():
            return measure_costs(self._trainer, self._memory)

    def memory_mib(self) -> float:
        """The most memory, MiB, that this process has taken since it opened the work."""
        return self._memory.mib()

    def close(self) -> None:
        """Ends the loader's processes and gives GPU memory back, for the next trial in this process."""
        import gc

        import torch

        self._trainer.close()
        del self._trainer
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
