"""A training's own random numbers."""

import json
import random

import numpy as np
import torch

from garment_uv.training.running import PlainRandomState, RandomState

CPU = torch.device("cpu")


def draw(state: RandomState) -> tuple:
    with state.active():
        return torch.rand(3).tolist(), np.random.normal(size=3).tolist(), random.random()


def test_same_seed_same_numbers_and_the_process_is_left_alone():
    torch.manual_seed(9)
    random.seed(9)
    np.random.seed(9)
    expected = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    first, second = RandomState(3, CPU), RandomState(3, CPU)
    assert draw(first) == draw(second)
    assert draw(first) == draw(second)
    assert draw(RandomState(4, CPU)) != draw(RandomState(3, CPU))
    assert torch.equal(torch.get_rng_state(), expected[0])
    assert random.getstate() == expected[1]
    assert np.random.get_state()[1].tolist() == expected[2]


def test_goes_on_from_saved_parts():
    state = RandomState(5, CPU)
    draw(state)
    with state.active():
        np.random.normal()  # leaves half of a pair behind
        random.gauss(0, 1)
    tensors = state.tensors()
    plain = PlainRandomState.from_plain(json.loads(json.dumps(state.plain().plain())))
    other = RandomState(0, CPU)
    other.load(tensors, plain)
    assert draw(other) == draw(state)
    assert draw(other) == draw(state)
