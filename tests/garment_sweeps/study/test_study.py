"""Opening studies: no two sweeps share one by accident."""

import pytest

from garment_sweeps.study.study import (
    base_values,
    delete_study,
    open_storage,
    search_digest,
    study_exists,
)
from garment_uv.errors import UserError


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


def test_a_study_is_deleted_once_and_twice(storage, study):
    for _ in range(2):
        delete_study(storage, "one")
        assert not study_exists(storage, "one")


@pytest.mark.parametrize("url", ["postgresql://u:secret@127.0.0.1:1/x", "nonsense", "sqlite:////proc/no/such.db"])
def test_a_database_that_does_not_open_is_said_without_its_password(url):
    with pytest.raises(UserError, match="study database") as caught:
        open_storage(url)
    assert "secret" not in str(caught.value) and "needs a driver" not in str(caught.value)
    assert "\n" not in str(caught.value)
