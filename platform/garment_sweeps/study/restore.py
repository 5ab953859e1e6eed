"""A study made again from the log of decisions, for when its database is lost."""

import optuna
from optuna.storages import BaseStorage
from optuna.study import StudyDirection

from garment_sweeps.experiment import Experiment
from garment_sweeps.study.catch_up import LoggedTrials
from garment_sweeps.study.decisions import Event
from garment_sweeps.study.history import History
from garment_sweeps.study.journal import DirectJournal
from garment_sweeps.study.study import EXPERIMENT_DIGEST, SESSIONS, search_digest
from garment_uv.errors import UserError


def experiment_of(events: list[Event]) -> Experiment:
    """The experiment that the log's sweep was begun with."""
    if not events or events[0]["kind"] != "begin":
        raise UserError("the decision log does not begin with its experiment; give the log of a whole sweep")
    return Experiment.from_plain(events[0]["experiment"])


def study_from_log(storage: BaseStorage, name: str, events: list[Event]) -> optuna.Study:
    """A new study that holds what the lost one held when the log's last event was written, all its trials whole.

    A history in memory is told what the lost study was told, by the same functions; its trials are then copied, each
    in one transaction.
    """
    experiment = experiment_of(events)
    directions = [StudyDirection.MINIMIZE] * (1 + len(experiment.also_minimise))
    in_memory = optuna.create_study(directions=directions)
    LoggedTrials(History(in_memory, DirectJournal()), experiment).follow(events)
    study = optuna.create_study(storage=storage, study_name=name, directions=directions)
    study.set_user_attr(EXPERIMENT_DIGEST, search_digest(experiment))
    study.set_user_attr(SESSIONS, sum(event["kind"] == "begin" for event in events))
    for trial in in_memory.get_trials(deepcopy=False):
        study.add_trial(trial)
    return study
