"""Studies on disk and a tabulated experiment, for the rooms that read and write them."""

import optuna
import pytest

from garment_sweeps.experiment import AshaConfig, Experiment, Float, Space
from garment_sweeps.study.spec import NOTHING_KNOWN, HeadStart
from garment_sweeps.study.study import make_study, open_storage
from garment_uv.training.trial import TrialConfig


def make_experiment(**changes) -> Experiment:
    base = TrialConfig().with_values({"training.epochs": 6, "training.optimiser.generator_lr": 1e-3})
    values = {
        "name": "table",
        "description": "",
        "base": base,
        "space": Space(
            parameters=(
                Float(path="training.optimiser.generator_lr", low=1e-4, high=1e-2, log=True),
                Float(path="loss.adversarial", low=1e-4, high=1.0, log=True),
            )
        ),
        "trials": 10,
        "sampler": "random",
        "seed": 5,
        "scheduler": AshaConfig(grace_epochs=1, reduction=2),
        "try_base": False,
    }
    return Experiment(**{**values, **changes})


def make_searcher(study: optuna.Study, experiment: Experiment, trials: int, start: HeadStart = NOTHING_KNOWN, **limits):
    """A searcher over the study that writes at once; its log and history are attributes of it."""
    from garment_sweeps.search.searcher import Limits, StudySearcher
    from garment_sweeps.study.decisions import DecisionLog
    from garment_sweeps.study.history import History
    from garment_sweeps.study.journal import DirectJournal

    journal = DirectJournal()
    history, log = History(study, journal), DecisionLog("one", journal)
    searcher = StudySearcher(history, log, experiment, trials, start, Limits(**limits))
    searcher.log, searcher.history = log, history
    return searcher


@pytest.fixture
def experiment() -> Experiment:
    return make_experiment()


@pytest.fixture
def storage(tmp_path) -> optuna.storages.RDBStorage:
    return open_storage(f"sqlite:///{tmp_path}/optuna.db")


@pytest.fixture
def study(storage, experiment) -> optuna.Study:
    return make_study(storage, "one", experiment)
