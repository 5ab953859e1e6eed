"""Importance of searched parameters, where it is known what matters."""

import json

import numpy as np
import pytest

from garment_sweeps.comparison.importance import FEWEST, importance, space_of
from garment_sweeps.experiment import Choice, Float, Integer, Space
from garment_uv.errors import UserError
from tests.garment_sweeps.comparison.made import row

SPACE = Space(
    parameters=(
        Float(path="loss.normal", low=1e-3, high=1e1, log=True),
        Integer(path="generator.base_features", low=8, high=64),
        Choice(path="generator.local.mode", options=("per_class", "none")),
        Float(path="generator.local.features", low=0.0, high=1.0, when={"generator.local.mode": ("per_class",)}),
        Float(path="loss.edge", low=0.0, high=1.0, levels=5),
    )
)


def trials(count, seed=0):
    """S2S hangs on loss.normal, that of skirts on the local mode, and of the others nothing does."""
    random, rows = np.random.default_rng(seed), []
    for number in range(count):
        values = {
            "loss.normal": 10 ** random.uniform(-3, 1),
            "generator.base_features": int(random.integers(8, 65)),
            "generator.local.mode": str(random.choice(["per_class", "none"])),
            "loss.edge": float(random.choice([0, 0.25, 0.5, 0.75, 1])),
        }
        if values["generator.local.mode"] == "per_class":
            values["generator.local.features"] = random.uniform(0, 1)
        s2s = 20 + 5 * abs(np.log10(values["loss.normal"])) + random.normal(0, 0.5)
        skirt = 20 + 30 * (values["generator.local.mode"] == "none") + random.normal(0, 0.5)
        params = {path: v if isinstance(v, str) else json.dumps(v) for path, v in values.items()}
        params |= {f"searched/{path}": value for path, value in params.items()}
        rows.append(row(number, s2s, params=params, Skirt=skirt))
    return rows


def test_what_matters_is_found_overall_and_for_a_class_of_its_own():
    found = importance(trials(300), SPACE)
    assert found.parameters[0] == "loss.normal" and found.shares["all"]["loss.normal"] > 0.8
    assert max(found.shares["Skirt"], key=found.shares["Skirt"].get) == "generator.local.mode"
    assert found.shares["Top"] == found.shares["all"]
    for shares in found.shares.values():
        assert sum(shares.values()) == pytest.approx(1.0) and set(shares) == {p.path for p in SPACE.parameters}
    assert found.shares["all"]["loss.normal"] > found.chance["all"]["loss.normal"]
    assert found.shares["all"]["loss.edge"] <= found.chance["all"]["loss.edge"]
    assert found.shares["Skirt"]["generator.local.mode"] > found.chance["Skirt"]["generator.local.mode"]
    assert max(found.chance["all"].values()) < 0.1  # of 300 trials, little is left to chance
    assert (found.trials, found.best) == (300, 30)


def test_a_stopped_trial_is_behind_all_that_ended_however_small_its_value():
    rows = trials(100)
    stopped = [
        row(1000 + number, 1.0, "pruned", {**one.params, "loss.normal": "10.0", "searched/loss.normal": "10.0"})
        for number, one in enumerate(rows)
    ]
    alone, both = importance(rows, SPACE), importance([*rows, *stopped], SPACE)
    assert both.parameters[0] == alone.parameters[0] == "loss.normal" and both.trials == 200


def test_few_trials_one_parameter_and_a_space_that_was_cut_off_are_said_in_words():
    failed = [row(number, 1.0, "failed") for number in range(FEWEST)]
    with pytest.raises(UserError, match=f"{FEWEST - 1} trials were measured"):
        importance([*trials(FEWEST - 1), *failed], SPACE)
    with pytest.raises(UserError, match="fewer than two"):
        importance(trials(FEWEST), Space(parameters=SPACE.parameters[:1]))
    text = json.dumps(SPACE.plain()["parameters"])
    assert space_of(text) == SPACE
    with pytest.raises(UserError, match="whole space"):
        space_of(text[:100])


def test_a_value_that_left_its_range_does_no_harm():
    rows = trials(FEWEST)
    rows[0].params["loss.normal"] = "20.0"  # as population based training may perturb it
    assert importance(rows, SPACE).trials == FEWEST
