"""The Pareto front, against its definition and against Optuna's."""

import optuna
from hypothesis import given, settings
from hypothesis import strategies as st

from garment_sweeps.study.outcome import dominates, pareto_front


def test_a_front_by_hand():
    points = [(10.0, 5.0), (9.0, 6.0), (11.0, 5.0), (9.0, 6.0), (12.0, 1.0)]
    assert pareto_front(points) == [True, True, False, True, True]
    assert pareto_front([]) == [] and pareto_front([(3.0,)]) == [True]
    assert not dominates((1.0, 2.0), (1.0, 2.0)) and dominates((1.0, 2.0), (1.0, 3.0))


@settings(max_examples=100)
@given(st.lists(st.tuples(*[st.integers(0, 5)] * 3), max_size=25))
def test_on_the_front_is_whom_nobody_dominates(points):
    expected = [not any(dominates(other, point) for other in points) for point in points]
    assert pareto_front(points) == expected


def test_it_is_optunas_front():
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(directions=["minimize", "minimize"])
    points = [((i * 37) % 101 / 10, (i * 53) % 97 / 10) for i in range(60)]
    for point in points:
        study.add_trial(optuna.trial.create_trial(values=list(point)))
    theirs = {trial.number for trial in study.best_trials}
    assert {i for i, on in enumerate(pareto_front(points)) if on} == theirs
