from types import SimpleNamespace

import pytest

from garment_uv.errors import UserError
from garment_uv.metrics import baselines as module


def _source(monkeypatch, atlas, splits):
    monkeypatch.setattr(module, "iterate_samples", lambda source, split, most=0: iter(splits[split][: most or None]))
    return SimpleNamespace(atlas=lambda: atlas, manifest=SimpleNamespace(fill="least_norm"))


def test_every_baseline_has_a_table_and_the_mean_on_the_body_follows_the_pose(
    monkeypatch, atlas, make_sample, make_rotation
):
    train = [make_sample(rotation=make_rotation(seed), seed=seed)[0] for seed in range(4)]
    test = [make_sample(rotation=make_rotation(seed), seed=seed)[0] for seed in (8, 9)]
    source = _source(monkeypatch, atlas, {"train": train, "test": test})
    tables = module.baseline_tables(source, "test")
    assert list(tables) == list(module.BASELINES)
    assert tables["body_as_garment"].all.mean_mm == pytest.approx(20, abs=0.5)
    assert tables["class_mean_on_body"].all.mean_mm < 0.1 < tables["class_mean_displacement"].all.mean_mm
    assert module.baseline_tables(source, "test", max_samples=1)["body_as_garment"].all.samples == 2


def test_an_empty_split_is_an_error(monkeypatch, atlas, make_sample):
    source = _source(monkeypatch, atlas, {"train": [make_sample()[0]], "test": []})
    with pytest.raises(UserError, match="no garment was scored"):
        module.baseline_tables(source, "test")
