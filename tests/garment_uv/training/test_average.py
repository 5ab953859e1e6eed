"""The running average of the generator's weights."""

from dataclasses import replace

import pytest
import torch

from garment_uv.training.model_file import load_model
from garment_uv.training.steps import weight_average


def test_the_average_follows_slowly_and_early_steps_count_more():
    network = torch.nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        network.weight.fill_(0.0)
    average = weight_average(network, decay=0.5)
    with torch.no_grad():
        network.weight.fill_(1.0)
    average.update_parameters(network)
    assert float(average.module.weight) == pytest.approx(1 - 2 / 11)
    for _ in range(20):
        average.update_parameters(network)
    expected = 2 / 11
    for step in range(2, 22):
        expected *= min(0.5, (1 + step) / (10 + step))
    assert float(average.module.weight) == pytest.approx(1 - expected, abs=1e-6)
    assert not average.module.weight.requires_grad and network.weight.requires_grad


def test_the_average_is_what_is_evaluated_and_saved_and_training_is_unchanged(make_trainer, tmp_path):
    plain, averaged = make_trainer(**{"training.ema_decay": 0.0}), make_trainer(**{"training.ema_decay": 0.9})
    losses = [trainer.train_epoch().losses for trainer in (plain, averaged)]
    assert losses[0] == losses[1]
    trained, kept = averaged.generator.state_dict(), averaged.model.state_dict()
    assert any(not torch.equal(trained[name], kept[name]) for name in trained)
    averaged.save_model(tmp_path / "model")
    loaded, _, _ = load_model(tmp_path / "model")
    assert all(torch.equal(value, kept[name]) for name, value in loaded.state_dict().items())
    assert plain.model is plain.generator
    assert averaged.evaluate("val") != plain.evaluate("val")


def test_resuming_goes_on_with_both_weights(make_trainer, tmp_path):
    changes = {"training.ema_decay": 0.9, "evaluation.max_samples": 2}
    straight = make_trainer(**changes)
    straight.train_epoch()
    straight.save(tmp_path / "checkpoint")
    resumed = make_trainer(**changes)
    resumed.load(tmp_path / "checkpoint")
    one, other = (replace(trainer.train_epoch(), seconds=0, data={}) for trainer in (straight, resumed))
    assert one.metrics() == other.metrics()
    for one, other in ((straight.generator, resumed.generator), (straight.model, resumed.model)):
        assert all(torch.equal(value, other.state_dict()[name]) for name, value in one.state_dict().items())
