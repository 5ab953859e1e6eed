"""A training that goes on from another's weights with other values: the weights are the copied ones, the values new."""

import pytest
import torch

from garment_uv.errors import UserError
from garment_uv.training.config import changeable, may_change
from garment_uv.training.trial import TrialConfig

BEFORE = {"training.epochs": 3, "loss.normal": 0.0, "training.optimiser.generator_lr": 1e-3, "loss.laplacian": 0.1}
AFTER = {**BEFORE, "loss.normal": 2.0, "training.optimiser.generator_lr": 3e-4}
CHANGED = ("loss.normal", "training.optimiser.generator_lr")


@pytest.fixture
def checkpoint(make_trainer, tmp_path):
    """After one epoch with the values before; with the trainer that wrote it."""
    trainer = make_trainer(**BEFORE)
    trainer.train_epoch()
    trainer.save(tmp_path / "checkpoint")
    return tmp_path / "checkpoint", trainer


def test_weights_moments_and_random_states_are_those_of_the_checkpoint(checkpoint, make_trainer):
    folder, source = checkpoint
    other = make_trainer(**AFTER)
    other.load(folder, CHANGED)
    assert other.epoch == 1
    for mine, its in ((other.generator, source.generator), (other.discriminator, source.discriminator)):
        for name, value in its.state_dict().items():
            assert torch.equal(mine.state_dict()[name], value), name
    for name, optimiser in source._learners.optimisers.items():
        moments = other._learners.optimisers[name].state_dict()["state"]
        for index, state in optimiser.state_dict()["state"].items():
            assert all(torch.equal(moments[index][key], value) for key, value in state.items())


def test_the_new_values_count_from_then_on(checkpoint, make_trainer, tmp_path):
    folder, source = checkpoint
    other = make_trainer(**AFTER)
    other.load(folder, CHANGED)
    assert "normal" not in source.train_epoch().losses
    assert "normal" in other.train_epoch().losses
    assert other._learners.optimisers["generator"].param_groups[0]["lr"] == pytest.approx(3e-4)
    assert source._learners.optimisers["generator"].param_groups[0]["lr"] == pytest.approx(1e-3)
    other.save(tmp_path / "after")  # which is a checkpoint of the new values alone
    again = make_trainer(**AFTER)
    again.load(tmp_path / "after")
    with pytest.raises(UserError, match="loss.normal=2.0, now 0.0"):
        make_trainer(**BEFORE).load(tmp_path / "after")


def test_with_the_same_values_it_is_the_same_training(checkpoint, make_trainer):
    folder, source = checkpoint
    copy = make_trainer(**BEFORE)
    copy.load(folder, CHANGED)
    assert copy.train_epoch().losses == source.train_epoch().losses


def test_what_is_not_named_must_be_the_same(checkpoint, make_trainer):
    folder, _ = checkpoint
    with pytest.raises(UserError, match="generator_lr"):
        make_trainer(**AFTER).load(folder, ["loss.normal"])
    with pytest.raises(UserError, match="loss.laplacian=0.1, now 0.2"):
        make_trainer(**{**AFTER, "loss.laplacian": 0.2}).load(folder, CHANGED)


def test_what_tensors_depend_on_cannot_change(checkpoint, make_trainer):
    folder, _ = checkpoint
    with pytest.raises(UserError, match="generator.base_features cannot change while a training goes on; loss"):
        make_trainer(**BEFORE).load(folder, ["generator.base_features"])


def test_every_field_that_may_change_exists():
    fields = TrialConfig().flat()
    free = [path for path in fields if may_change(path)]
    assert {"loss.uv", "loss.segments", "training.optimiser.beta2", "training.colour_jitter"} <= set(free)
    assert not any(path.startswith(("generator.", "discriminator.", "data.", "seed")) for path in free)
    for name in changeable().split(", "):
        group = name.removesuffix("*")
        assert name in fields or any(path.startswith(group) for path in fields)
