"""Epochs of any length give the batches of pass after pass, each once and in order."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from garment_uv.errors import UserError
from garment_uv.training.config import DataConfig
from garment_uv.training.epochs import Stretch, stretches

CHANGES = {"training.batch_size": 2, "training.threads": 1, "training.epochs": 5, "evaluation.max_samples": 1}


def test_an_epoch_is_a_pass_unless_it_is_told_otherwise():
    assert list(stretches(3, 7)) == [Stretch(3, 0, 7)]
    assert list(stretches(0, 7, 3)) == [Stretch(0, 0, 3)]
    assert list(stretches(2, 7, 3)) == [Stretch(0, 6, 7), Stretch(1, 0, 2)]
    assert list(stretches(1, 2, 5)) == [Stretch(2, 1, 2), Stretch(3, 0, 2), Stretch(4, 0, 2)]


@given(st.integers(1, 9), st.integers(1, 30), st.integers(1, 12))
def test_every_batch_of_every_pass_comes_once_and_in_order(pass_batches, epoch_batches, epochs):
    found = [
        (number, batch)
        for epoch in range(epochs)
        for number, start, stop in stretches(epoch, pass_batches, epoch_batches)
        for batch in range(start, stop)
    ]
    assert found == [divmod(at, pass_batches) for at in range(epochs * epoch_batches)]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_trial_that_goes_on_in_the_middle_of_a_pass_is_the_one_that_never_stopped(make_trainer, tmp_path, workers):
    changes = {**CHANGES, "data.epoch_samples": 7, "data.workers": workers}  # four of a pass's six batches
    whole, keys = watched(make_trainer(**changes))
    losses = [whole.train_epoch().losses for _ in range(3)]
    whole.close()
    assert len(keys) == 12 and len(set(keys[:6])) == 6 and len(set(keys[6:])) == 6 and keys[:6] != keys[6:]
    assert {key for batch in keys[:6] for key in batch} == {key for batch in keys[6:] for key in batch}
    first = make_trainer(**changes)
    first.train_epoch()
    first.save(tmp_path / "checkpoint")
    first.close()
    second, later = watched(make_trainer(**changes))
    second.load(tmp_path / "checkpoint")
    assert [second.train_epoch().losses for _ in range(2)] == losses[1:]
    assert later == keys[4:]
    second.close()
    for one, other in zip(whole.generator.state_dict().values(), second.generator.state_dict().values(), strict=True):
        assert torch.equal(one, other)


def watched(trainer):
    """The trainer, and a list that its training fills with the keys of every batch."""
    steps, keys = trainer._steps, []

    def step(batch):
        keys.append(tuple(batch.keys))
        return steps(batch)

    step.adversarial = steps.adversarial
    trainer._steps = step
    return trainer, keys


def test_a_number_of_samples_below_none_is_refused():
    with pytest.raises(UserError, match="epoch_samples"):
        DataConfig(epoch_samples=-1)
