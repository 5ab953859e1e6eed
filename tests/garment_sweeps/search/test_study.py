"""Opening studies: no two sweeps share one by accident."""

import optuna
import pytest
from optuna.trial import TrialState

from garment_sweeps.search.study import (
    base_values,
    next_session,
    open_storage,
    open_study,
    search_digest,
    started,
)
from garment_uv.errors import UserError


def test_a_taken_name_is_refused_without_resume(storage, study, experiment):
    with pytest.raises(UserError, match="--resume"):
        open_study(storage, "one", experiment, resume=False)
    assert open_study(storage, "one", experiment, resume=True)._study_id == study._study_id


def test_resume_begins_where_there_is_nothing(storage, experiment):
    assert open_study(storage, "fresh", experiment, resume=True).trials == []


def test_resume_with_another_experiment_is_refused(storage, study, experiment):
    changed = experiment.with_values({"seed": 6})
    with pytest.raises(UserError, match="another experiment"):
        open_study(storage, "one", changed, resume=True)


def test_trials_and_resources_may_change_between_sessions(experiment):
    more = experiment.with_values({"trials": 99, "resources.cpus": 4.0, "max_concurrent": 3})
    assert search_digest(more) == search_digest(experiment)


def test_the_base_is_planned_where_it_lies_inside(experiment):
    values = {"training.optimiser.generator_lr": 1e-3, "loss.adversarial": experiment.base.loss.adversarial}
    assert base_values(experiment.with_values({"try_base": True})) == [values]
    assert base_values(experiment) == []


def test_a_base_outside_the_space_is_not_planned(experiment):
    base = experiment.base.with_values({"loss.adversarial": 50.0}).plain()
    assert base_values(type(experiment)(**{**experiment.plain(), "base": base, "try_base": True})) == []


def test_a_study_whose_driver_died_before_it_was_marked_can_be_resumed(storage, experiment):
    optuna.create_study(storage=storage, study_name="unmarked", direction="minimize")
    open_study(storage, "unmarked", experiment, resume=True)
    with pytest.raises(UserError, match="another experiment"):
        open_study(storage, "unmarked", experiment.with_values({"seed": 6}), resume=True)


def test_sessions_are_counted(storage, study, experiment):
    assert next_session(study) == 0
    assert next_session(open_study(storage, "one", experiment, resume=True)) == 1


def test_waiting_trials_have_not_started(study):
    study.enqueue_trial({"loss.adversarial": 0.5})
    assert started(study) == []
    assert study.ask().number == 0
    assert [t.state for t in started(study)] == [TrialState.RUNNING]


@pytest.mark.parametrize("url", ["postgresql://u:secret@127.0.0.1:1/x", "nonsense", "sqlite:////proc/no/such.db"])
def test_a_database_that_does_not_open_is_said_without_its_password(url):
    with pytest.raises(UserError, match="study database") as caught:
        open_storage(url)
    assert "secret" not in str(caught.value) and "needs a driver" not in str(caught.value)
    assert "\n" not in str(caught.value)
