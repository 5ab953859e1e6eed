"""The seeded sampler: the same question gets the same answer, whoever asks and when."""

import numpy as np
import optuna
import pytest

from garment_sweeps.search.sampler import SAMPLERS, make_sampler

optuna.logging.set_verbosity(optuna.logging.ERROR)


def ask(study, sampler, number):
    sampler.question = (number, 0)
    return study.ask()


def run(name: str, trials: int, restart_every: int | None, seed: int = 3) -> list[dict]:
    """Params of a sequential study whose sampler is thrown away and made anew now and then."""
    storage = optuna.storages.InMemoryStorage()
    sampler = make_sampler(name, seed, 4)
    study = optuna.create_study(storage=storage, study_name="s", sampler=sampler)
    for number in range(trials):
        if restart_every and number % restart_every == 0:
            sampler = make_sampler(name, seed, 4)
            study = optuna.load_study(storage=storage, study_name="s", sampler=sampler)
        trial = ask(study, sampler, number)
        x = trial.suggest_int("x", -100, 100) / 100 if name == "grid" else trial.suggest_float("x", -1, 1)
        kind = trial.suggest_categorical("kind", ["a", "b"])
        study.tell(trial, x * x + (kind == "b"))
    return [t.params for t in study.trials]


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_restart_changes_nothing(name):
    assert run(name, 15, restart_every=None) == run(name, 15, restart_every=2)


@pytest.mark.parametrize("name", SAMPLERS)
def test_another_seed_gives_other_values(name):
    assert run(name, 5, None, seed=3) != run(name, 5, None, seed=4)


def test_random_values_spread_evenly():
    values = np.array([params["x"] for params in run("random", 300, None)])
    assert abs(values.mean()) < 0.1
    assert abs(values.std() - 1 / np.sqrt(3)) < 0.06
    assert len(set(values)) == 300


def test_tpe_learns():
    late = [params for params in run("tpe", 60, None)][-20:]
    assert np.mean([abs(params["x"]) for params in late]) < 0.3
    assert np.mean([params["kind"] == "a" for params in late]) > 0.6
