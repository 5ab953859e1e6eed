"""Training on a tiny dataset through every real part."""

import math
import random
from dataclasses import replace

import numpy as np
import pytest
import torch

from garment_uv.errors import Infeasible, UserError
from garment_uv.samples.source import FolderSource
from garment_uv.training.trainer import Trainer
from tests.garment_uv.cylinder import small_config


@pytest.fixture(scope="module")
def trained(dataset):
    trainer = Trainer(
        small_config(**{"training.epochs": 10, "training.threads": 1, "training.decay_from": 0.8}),
        FolderSource(dataset),
    )
    reports = []
    while trainer.epoch < 10:
        reports.append(trainer.train_epoch())
    return trainer, reports


def test_it_learns(trained):
    trainer, reports = trained
    first, last = reports[0], reports[-1]
    assert last.losses["uv"] < 0.5 * first.losses["uv"]
    assert last.losses["segments"] < first.losses["segments"]
    assert last.s2s.all.mean_mm < 0.7 * first.s2s.all.mean_mm
    body_itself = 40.0  # the garments are 10 to 70 mm away from the body
    assert last.s2s.all.mean_mm < body_itself / 2


def test_reports_have_flat_finite_metrics(trained):
    _, reports = trained
    values = reports[-1].metrics()
    assert values["data/cache_hit_rate"] == 1 and values["data/shards_fetched"] == 0
    assert 0 < values["data/loader_wait"] < 1 and values["data/shard_wait_s"] > 0
    losses = "loss/uv loss/total loss/discriminator loss/feature_matching"
    errors = "s2s/all s2s/Dress s2s/macro s2s/best s2s_predicted/all"
    directions = "s2s_directions/all_pred_to_true s2s_predicted_directions/all_sum"
    for name in f"epoch seconds {losses} {errors} {directions}".split():
        assert math.isfinite(values[name]), name
    assert [report.epoch for report in reports] == list(range(1, 11))
    assert [report.rate_factor for report in reports] == pytest.approx([1] * 8 + [2 / 3, 1 / 3])
    best = min(reports, key=lambda report: report.s2s.all.mean_mm)
    assert reports[-1].best.epoch == best.epoch and best.best.epoch == best.epoch


def test_no_epoch_after_the_last(trained):
    with pytest.raises(UserError, match="10 epochs are trained"):
        trained[0].train_epoch()


def test_evaluation_is_repeatable_and_changes_nothing(trained):
    trainer, reports = trained
    weights = {name: value.clone() for name, value in trainer.generator.state_dict().items()}
    again = trainer.evaluate("val")
    assert again == trainer.evaluate("val") == reports[-1].s2s
    assert trainer.evaluate("val", "predicted") == reports[-1].s2s_predicted
    assert trainer.evaluate("val", max_samples=1).all.samples in (1, 2)
    assert all(torch.equal(value, weights[name]) for name, value in trainer.generator.state_dict().items())
    with pytest.raises(UserError, match="raw"):
        trainer.evaluate("train")


def test_two_trainings_do_not_disturb_each_other(make_trainer):
    alone = make_trainer(**{"evaluation.every": 9})
    expected = [alone.train_epoch().losses for _ in range(2)]
    first, second = make_trainer(**{"evaluation.every": 9}), make_trainer(seed=5)
    found = [first.train_epoch().losses]
    second.train_epoch()
    torch.manual_seed(1), np.random.seed(1), random.seed(1)
    found.append(first.train_epoch().losses)
    assert found == expected
    assert not torch.are_deterministic_algorithms_enabled()


def test_evaluates_when_told(make_trainer):
    trainer = make_trainer(**{"evaluation.every": 2, "evaluation.predicted": "last", "training.epochs": 3})
    tables = [(r.s2s is not None, r.s2s_predicted is not None) for r in (trainer.train_epoch() for _ in range(3))]
    assert tables == [(False, False), (True, False), (True, True)]


ABLATIONS = {
    "no discriminator": {"loss.adversarial": 0, "loss.feature_matching": 0},
    "no mesh losses": {"loss.mesh": 0, "loss.normal": 0, "loss.laplacian": 0, "loss.edge": 0},
    "no body": {"generator.condition_on_body": False},
    "positions": {"generator.target": "position"},
    "no local generator": {"generator.local.mode": "none"},
    "no inpainting": {"data.fill": "none", "generator.reading": "nearest"},
    "own segments": {"generator.segments": "predicted", "evaluation.segments": "predicted"},
    "bf16": {"training.precision": "bf16", "training.colour_jitter": 0.5},
    "frames of the surface": {"generator.frame": "surface"},
    "the true surface's Laplacian": {"loss.laplacian": 0, "loss.laplacian_true": 0.1},
    "grouped": {"generator.local.mode": "grouped"},
    "unwrapped image, pooling over the mask": {"generator.unwrap_image": True, "generator.local.class_pooling": "mask"},
}


@pytest.mark.parametrize("changes", ABLATIONS.values(), ids=ABLATIONS.keys())
def test_every_row_of_the_ablation_trains(make_trainer, changes):
    trainer = make_trainer(**changes, **{"evaluation.max_samples": 2})
    report = trainer.train_epoch()
    assert all(math.isfinite(value) for value in report.metrics().values())
    assert ("discriminator" in report.losses) == (changes is not ABLATIONS["no discriminator"])


def test_divergence_and_non_finite_losses_are_infeasible(make_trainer):
    with pytest.raises(Infeasible, match="divergence_mm"):
        make_trainer(**{"training.divergence_mm": 0.01}).train_epoch()
    trainer = make_trainer()
    with torch.no_grad():
        next(trainer.generator.parameters()).fill_(float("nan"))
    with pytest.raises(Infeasible, match="nan"):
        trainer.train_epoch()


def test_a_collapsed_discriminator_is_infeasible(make_trainer):
    trainer = make_trainer(**{"training.collapse_loss": 10, "training.collapse_epochs": 2})
    trainer.train_epoch()
    with pytest.raises(Infeasible, match="discriminator collapsed"):
        trainer.train_epoch()


def test_user_errors_at_construction(make_trainer, dataset):
    with pytest.raises(UserError, match="no split 'test'"):
        make_trainer(**{"evaluation.split": "test"})
    with pytest.raises(UserError, match="evaluation splits are val"):
        make_trainer(**{"evaluation.split": "train"})
    with pytest.raises(UserError, match="global_downsamples"):
        make_trainer(**{"generator.global_downsamples": 4})
    with pytest.raises(UserError, match="fp16"):
        make_trainer(**{"training.precision": "fp16"})


def test_evaluated_samples_carry_meshes(trained):
    trainer, _ = trained
    item = next(trainer.evaluator.samples("val", "given"))
    assert set(item.meshes) == set(item.sample.garments) == {score.garment for score in item.scores}
    bare = replace(item.sample, garments={})
    assert bare.garments == {}
