"""Trials that cannot go on."""

import math

import pytest

from garment_uv.errors import Infeasible
from garment_uv.training.config import TrainingConfig
from garment_uv.training.report import FeasibilityWatch

GOOD = {"total": 1.0, "discriminator": 1.9}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_non_finite_loss_is_named(value):
    watch = FeasibilityWatch(TrainingConfig())
    watch.losses(1, GOOD)
    with pytest.raises(Infeasible, match="'uv' became .* in epoch 2"):
        watch.losses(2, {**GOOD, "uv": value})


def test_a_collapsed_discriminator_needs_several_epochs_in_a_row():
    watch = FeasibilityWatch(TrainingConfig(collapse_epochs=3, collapse_loss=0.01))
    low = {**GOOD, "discriminator": 0.001}
    watch.losses(1, low)
    watch.losses(2, low)
    watch.losses(3, GOOD)
    watch.losses(4, low)
    watch.losses(5, low)
    with pytest.raises(Infeasible, match="discriminator collapsed.*3 epochs"):
        watch.losses(6, low)


def test_an_untrained_discriminator_cannot_collapse():
    watch = FeasibilityWatch(TrainingConfig(collapse_epochs=1))
    watch.losses(1, {"total": 1.0}, adversarial=False)


@pytest.mark.parametrize("s2s", [math.nan, 501.0])
def test_a_diverged_surface(s2s):
    watch = FeasibilityWatch(TrainingConfig(divergence_mm=500))
    watch.s2s(1, 499.0)
    with pytest.raises(Infeasible, match="S2S"):
        watch.s2s(2, s2s)
