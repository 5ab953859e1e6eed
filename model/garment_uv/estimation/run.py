"""One training of the body network from beginning to end, which the same call goes on with after anything ended it."""

import shutil
from collections.abc import Callable
from pathlib import Path

from garment_uv.errors import UserError
from garment_uv.estimation.config import BodyFitConfig
from garment_uv.estimation.model_file import BODY_FILES, BODY_JSON, BodyCard, load_body_model, save_body_model
from garment_uv.estimation.trainer import WHERE_IT_RUNS, BodyEpoch, BodyTrainer
from garment_uv.outputs import check_replaceable, present_folder
from garment_uv.samples.source import DatasetSource

SAVE_EVERY_SECONDS = 20.0


def train_body(
    config: BodyFitConfig, source: DatasetSource, folder: Path, report: Callable[[BodyEpoch], None] | None = None
) -> BodyCard:
    """Train to the last epoch and write the body model folder `folder`; its card.

    While under way the state lies in `<folder>.training`. A finished training is not repeated. UserError where `folder`
    holds another config's or dataset's model.
    """
    folder = Path(folder)
    check_replaceable(folder, BODY_FILES)
    if (present_folder(folder) / BODY_JSON).exists():
        return _finished(config, source, folder)
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


def _finished(config: BodyFitConfig, source: DatasetSource, folder: Path) -> BodyCard:
    card = load_body_model(folder)[1]
    now, before = config.flat(), card.config.flat()
    differing = [name for name in now if now[name] != before[name] and name not in WHERE_IT_RUNS]
    if differing or card.dataset_version != source.manifest.digest():
        what = f"config ({differing[0]} was {before[differing[0]]!r})" if differing else "dataset version"
        raise UserError(f"{folder} holds a body model of another {what}: give another folder, or take it away")
    return card
