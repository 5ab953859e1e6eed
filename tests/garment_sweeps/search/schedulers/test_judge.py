"""Random numbers that follow from what is decided."""

import random

import numpy as np

from garment_sweeps.search.schedulers.judge import seeded


def draw() -> tuple[float, float]:
    return random.random(), float(np.random.random())


def test_the_same_occasion_draws_the_same_and_another_another():
    draws = []
    for occasion in (("look", 2), ("look", 2), ("look", 4)):
        with seeded(5, *occasion):
            draws.append(draw())
    assert draws[0] == draws[1] != draws[2]


def test_the_programs_own_random_numbers_go_on_as_if_nothing_had_been_drawn():
    random.seed(1)
    np.random.seed(1)
    expected = [draw(), draw()]
    random.seed(1)
    np.random.seed(1)
    found = [draw()]
    try:
        with seeded(3):
            draw()
            raise KeyError
    except KeyError:
        pass
    found.append(draw())
    assert found == expected
