"""The learning rate over the epochs."""

import pytest

from garment_uv.training.epochs import rate_factor


def test_constant_then_linear_to_just_above_zero():
    factors = [rate_factor(epoch, 8, 0.5) for epoch in range(8)]
    assert factors == pytest.approx([1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2])


def test_no_decay_and_decay_from_the_start():
    assert [rate_factor(epoch, 3, 1.0) for epoch in range(3)] == [1, 1, 1]
    assert [rate_factor(epoch, 3, 0.0) for epoch in range(3)] == pytest.approx([0.75, 0.5, 0.25])


def test_one_epoch_learns():
    assert rate_factor(0, 1, 0.0) == 0.5
    assert rate_factor(0, 1, 1.0) == 1.0
