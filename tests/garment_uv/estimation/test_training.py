"""The body network's training: it learns, it resumes bit for bit, and its folder is what it was."""

import numpy as np
import pytest
import torch

from garment_uv.errors import UserError
from garment_uv.estimation.model_file import BODY_JSON, BODY_WEIGHTS, companion, load_body_model, save_body_model
from garment_uv.estimation.network import BodyRegressor, soft_places
from garment_uv.estimation.picture_alone import BodyEstimator, body_swap
from garment_uv.estimation.trainer import BodyTrainer, train_body
from garment_uv.samples.other_body import placement_error
from garment_uv.samples.source import FolderSource, iterate_samples


def test_it_learns_a_few_people_by_heart(by_heart):
    errors = by_heart.measure("train")
    assert errors["joints_mm"] < 90 and errors["root_degrees"] < 20 and errors["root_mm"] < 60


def test_it_sees_them_from_displaced_squares(by_heart, people, tmp_path):
    save_body_model(tmp_path / "body", by_heart.network, by_heart.card())
    estimator = BodyEstimator(tmp_path / "body", "cpu")
    tell = body_swap("predicted", people, tmp_path / "body", device="cpu")
    for sample in iterate_samples(people, "train"):
        body = estimator.of_sample(sample)
        assert body.zrot == 0 and np.abs(body.camera - sample.body.camera)[1:].max() < 0.15
        assert abs(body.camera[0] - sample.body.camera[0]) < 0.6
        seen = tell(sample)
        assert np.linalg.norm(seen.body_vertices - sample.body_vertices, axis=1).mean() < 0.12
        assert np.array_equal(seen.body.pose, body.pose)
        assert 0 < np.linalg.norm(placement_error(seen, sample)) < 0.6


def test_resumes_bit_for_bit(people, small, tmp_path):
    whole = BodyTrainer(small(), people)
    whole.train_epoch()
    whole.save(tmp_path / "checkpoint")
    second = whole.train_epoch()
    resumed = BodyTrainer(small(), people)
    torch.manual_seed(77)
    resumed.load(tmp_path / "checkpoint")
    again = resumed.train_epoch()
    assert again.losses == second.losses and again.errors == second.errors
    with pytest.raises(UserError, match="all 2 epochs"):
        resumed.train_epoch()
    with pytest.raises(UserError, match="another config .learning_rate was 0.001"):
        BodyTrainer(small(learning_rate=0.1), people).load(tmp_path / "checkpoint")


def test_a_run_goes_on_and_is_not_repeated(people, small, tmp_path, monkeypatch):
    monkeypatch.setattr("garment_uv.estimation.trainer.SAVE_EVERY_SECONDS", 0.0)
    seen = []

    def stop_after_one(epoch):
        seen.append(epoch.epoch)
        if len(seen) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_body(small(), people, tmp_path / "body", stop_after_one)
    card = train_body(small(), people, tmp_path / "body", stop_after_one)
    assert seen == [1, 2] and card.epoch == 2 and not (tmp_path / "body.training").exists()
    straight = train_body(small(), people, tmp_path / "straight")
    assert straight.errors == card.errors
    first, second = (load_body_model(tmp_path / name)[0].state_dict() for name in ("body", "straight"))
    assert all(torch.equal(first[name], second[name]) for name in first)
    train_body(small(), people, tmp_path / "body", stop_after_one)
    assert seen == [1, 2]
    with pytest.raises(UserError, match="another config"):
        train_body(small(seed=5), people, tmp_path / "body")


def test_the_folder_is_checked(by_heart, tmp_path):
    save_body_model(tmp_path / "model" / "body", by_heart.network, by_heart.card())
    folder = companion(tmp_path / "model")
    network, card = load_body_model(folder)
    pictures = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(network(pictures).rotations, by_heart.network.eval()(pictures).rotations)
    assert card.body_model == "anny" and 4 < card.mean_depth_m < 5
    assert companion(tmp_path) is None
    with pytest.raises(UserError, match="no body model folder"):
        load_body_model(tmp_path)
    weights = folder / BODY_WEIGHTS
    kept = weights.read_bytes()
    weights.write_bytes(kept[:-1] + b"x")
    with pytest.raises(UserError, match="is damaged"):
        load_body_model(folder)
    weights.write_bytes(kept)
    card_file = folder / BODY_JSON
    card_file.write_text(card_file.read_text().replace('"hidden": 64', '"hidden": 65'))
    with pytest.raises(UserError, match="was changed"):
        load_body_model(folder)


def test_who_is_told_what(by_heart, people, tmp_path):
    save_body_model(tmp_path / "body", by_heart.network, by_heart.card())
    assert body_swap("given", people) is None
    with pytest.raises(UserError, match="choose one of given, perturbed, predicted"):
        body_swap("guessed", people)
    with pytest.raises(UserError, match="garment train-body"):
        body_swap("predicted", people)
    other = FolderSource(people.uri)
    other.__dict__["manifest"] = people.manifest.with_values({"body.name": "smpl"})
    with pytest.raises(UserError, match="was trained on the body 'anny'"):
        body_swap("predicted", other, tmp_path / "body")
    with pytest.raises(UserError, match="another version of the body"):
        stale = FolderSource(people.uri)
        stale.__dict__["manifest"] = people.manifest.with_values({"body.body_digest": "0" * 16})
        BodyTrainer(by_heart.config, stale)


def test_a_map_with_one_peak_says_where_it_is():
    maps = torch.zeros(1, 1, 8, 8)
    maps[0, 0, 2, 6] = 5.0
    assert soft_places(maps)[0, 0].tolist() == pytest.approx([(6.5 / 4) - 1, (2.5 / 4) - 1], abs=1e-4)


def test_an_untrained_network_says_the_mean_body(small):
    network = BodyRegressor(small().network).eval()
    output = network(torch.rand(2, 3, 64, 64))
    apart = (output.rotations - torch.eye(3)).abs().max()
    assert apart < 0.5 and output.place.abs().max() < 1
    with pytest.raises(ValueError, match="wanted"):
        network(torch.rand(2, 3, 32, 32))
