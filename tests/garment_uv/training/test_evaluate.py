"""Evaluation against raw meshes, held to predictions whose error is known."""

import numpy as np
import pytest
import torch

from garment_uv.classes import CLASS_IDS
from garment_uv.errors import Infeasible, UserError
from garment_uv.samples.config import AS_ESTIMATED
from garment_uv.samples.other_body import BodyNoise, placement_error
from garment_uv.samples.source import FolderSource, iterate_samples
from garment_uv.training.evaluate import Evaluator, evaluate_model
from garment_uv.training.predict import predicted_topology
from tests.garment_uv.clothed import write_clothed
from tests.garment_uv.cylinder import cylinder_atlas


class Oracle(torch.nn.Module):
    """Answers with the true maps of the samples in their order, moved outwards by `offset` metres."""

    reading = "bilinear"

    def __init__(self, source, offset: float = 0.0) -> None:
        super().__init__()
        self.anchor = torch.nn.Parameter(torch.zeros(1))
        self.samples = list(iterate_samples(source, "val"))
        self.offset = offset
        self.seen: list[torch.Tensor | None] = []

    def see_segments(self, image, body_uv, camera):
        return self(image, body_uv, camera).segment_logits

    def forward(self, image, body_uv, camera, segments=None):
        assert not self.training
        self.seen.append(segments)
        chosen = [min(self.samples, key=lambda s: np.abs(s.body_uv - body.numpy()).max()) for body in body_uv]
        displacement = torch.from_numpy(np.stack([s.displacement_uv for s in chosen]))
        length = displacement.norm(dim=1, keepdim=True).clamp_min(1e-9)
        classes = torch.from_numpy(np.stack([s.segments for s in chosen])).long()
        logits = 20.0 * torch.nn.functional.one_hot(classes, 7).permute(0, 3, 1, 2).float()
        return type("Output", (), {
            "displacement": displacement * (1 + self.offset / length), "segment_logits": logits,
        })  # fmt: skip


@pytest.fixture
def source(dataset):
    return FolderSource(dataset)


@pytest.mark.parametrize("segments", ["given", "predicted"])
def test_the_truth_scores_next_to_nothing_and_an_offset_scores_itself(source, segments):
    oracle = Oracle(source)
    oracle.train()
    table = Evaluator(oracle, cylinder_atlas(), source, 3).table("val", segments)
    assert oracle.training
    assert any(seen is None for seen in oracle.seen) == (segments == "predicted")
    assert table.all.samples == 6 and table.all.missing == 0
    limit = 0.05 if segments == "given" else 8.0  # predicted classes are cut at texels, not at vertices
    assert table.all.mean_mm < limit
    moved = Evaluator(Oracle(source, 0.02), cylinder_atlas(), source, 3).table("val", "given")
    assert 15 < moved.all.mean_mm < 20.1


def test_samples_keep_stored_order_and_may_be_few(source):
    evaluator = Evaluator(Oracle(source), cylinder_atlas(), source, 3)
    keys = [item.sample.key for item in evaluator.samples("val", "given")]
    assert keys == [f"val-{number:05d}-0000" for number in range(4)]
    assert [item.sample.key for item in evaluator.samples("val", "given", 2)] == [keys[0], keys[-1]]


def test_vertices_that_are_not_finite_are_infeasible(source):
    with pytest.raises(Infeasible, match="not finite"):
        Evaluator(Oracle(source, float("nan")), cylinder_atlas(), source, 3).table("val", "given")


def test_the_topology_is_put_to_the_vote():
    trousers, dress = CLASS_IDS["Trousers"], CLASS_IDS["Dress"]
    assert predicted_topology(np.array([trousers] * 9 + [dress])) == "default"
    assert predicted_topology(np.array([trousers] + [dress] * 9)) == "skirt"
    assert predicted_topology(np.array([0, CLASS_IDS["Top"]])) == "default"
    assert predicted_topology(np.zeros(0, np.int64)) == "default"


def test_a_model_folder_gives_the_trainers_numbers(make_trainer, source, tmp_path):
    trainer = make_trainer()
    report = trainer.train_epoch()
    trainer.save_model(tmp_path / "model")
    again = evaluate_model(tmp_path / "model", source, "val")
    assert again.all.mean_mm == pytest.approx(report.s2s.all.mean_mm, abs=1e-6)


def test_a_dataset_of_another_atlas_is_refused(make_trainer, source, tmp_path):
    make_trainer().save_model(tmp_path / "model")
    other = FolderSource(source.uri)
    entry = source.manifest.atlas.with_values({"atlas_digest": "f" * 16})
    other.__dict__["manifest"] = source.manifest.with_values({"atlas": entry.plain()})
    with pytest.raises(UserError, match="was trained on atlas"):
        evaluate_model(tmp_path / "model", other, "val")


def test_vertices_inside_the_body_are_moved_out_where_asked(source):
    atlas = source.atlas()
    inside = Oracle(source, offset=-0.09)  # every true garment is 10 to 70 mm outside: all of it lands inside
    given, moved = (Evaluator(inside, atlas, source, 2, out).table("val", "given") for out in (False, True))
    assert moved.all.mean_mm < given.all.mean_mm - 5
    outside = Oracle(source)
    same = [Evaluator(outside, atlas, source, 2, out).table("val", "given") for out in (False, True)]
    assert same[0] == same[1]


class SwappedOracle(Oracle):
    """Answers with the true map of what it was swapped last: the true garment, whichever body."""

    def __init__(self, source, swap_body) -> None:
        super().__init__(source)
        self.swapped = []
        self._swap = swap_body

    def swap_body(self, sample):
        self.swapped.append(self._swap(sample))
        self.samples = self.swapped
        return self.swapped[-1]


def test_another_body_is_told_and_its_placement_is_counted_apart(tmp_path):
    source = FolderSource(write_clothed(tmp_path / "set", train=1, val=2))
    noise = BodyNoise(AS_ESTIMATED, source, seed=1)
    oracle = SwappedOracle(source, noise)
    tables = Evaluator(oracle, source.atlas(), source, 2, swap_body=oracle.swap_body).tables("val", "given")
    assert tables.root_relative.all.mean_mm < 0.5
    steps = [np.linalg.norm(placement_error(noise(sample), sample)) for sample in iterate_samples(source, "val")]
    assert 0.3 * np.mean(steps) < tables.placed.all.mean_mm / 1000 < np.mean(steps)
    items = list(
        Evaluator(SwappedOracle(source, noise), source.atlas(), source, 2, swap_body=noise).samples("val", "given")
    )
    assert all(item.seen is not None and item.sample.garments is item.seen.garments for item in items)
    plain = Evaluator(Oracle(source), source.atlas(), source, 2).tables("val", "given")
    assert plain.root_relative == plain.placed and plain.root_relative.all.mean_mm < 0.5
