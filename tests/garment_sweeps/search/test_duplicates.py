"""Two descriptions of one training."""

import pytest

from garment_sweeps.search.suggester import canonical_digest
from garment_uv.training.trial import TrialConfig

BASE = TrialConfig()
NONE = {"generator.local.mode": "none"}
SHARED = {"generator.local.mode": "shared"}
ALONE = {"loss.adversarial": 0.0, "loss.feature_matching": 0.0}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"loss.uv": 1.0}),
        (NONE, {**NONE, "generator.local.features": 17}),
        (NONE, {**NONE, "generator.residual_blocks": 3, "loss.classification": 0.5}),
        (SHARED, {**SHARED, "generator.local.groups": (("Top", "Tshirt", "Trousers", "Jumpsuit", "Skirt", "Dress"),)}),
        (ALONE, {**ALONE, "discriminator.layers": 3, "training.optimiser.discriminator_lr": 1e-3}),
    ],
)
def test_inactive_parameters_make_no_difference(one, other):
    assert canonical_digest(BASE, one) == canonical_digest(BASE, other)


@pytest.mark.parametrize(
    "changes",
    [
        {"loss.uv": 1.0001},
        {"seed": 1},
        {"generator.local.features": 17},
        {"discriminator.layers": 3},
        {"loss.adversarial": 0.0},
        NONE,
        SHARED,
    ],
)
def test_active_ones_do(changes):
    assert canonical_digest(BASE, changes) != canonical_digest(BASE, {})
