from dataclasses import replace

import numpy as np
import pytest

from garment_uv.classes import CLASS_IDS
from garment_uv.errors import UserError
from garment_uv.geometry.s2s import surface_to_surface
from garment_uv.metrics.evaluate import evaluate_meshes, evaluate_sample, joined_mesh, sample_meshes

HARD = {"Top": (2, 10), "Skirt": (10, 20)}
SINGLE = {"Dress": (2, 20)}


def _means(scores):
    return {score.garment: score.s2s.mean_mm for score in scores}


def _relabelled(sample, name, to):
    classes = sample.vertex_classes.copy()
    classes[classes == CLASS_IDS[name]] = CLASS_IDS[to] if to else 0
    return classes


def test_the_truth_scores_nought(atlas, make_sample):
    sample, displacement = make_sample(HARD)
    scores = evaluate_sample(atlas, sample, displacement)
    assert [score.garment for score in scores] == ["Top", "Skirt"]
    assert all(score.s2s.mean_mm < 1e-3 and not score.missing for score in scores)


def test_a_plain_offset_is_its_length(atlas, make_sample):
    sample, displacement = make_sample(HARD)
    scores = _means(evaluate_sample(atlas, sample, displacement * 0))
    assert all(value == pytest.approx(20, abs=0.5) for value in scores.values())


@pytest.mark.parametrize("error_m", [0.0, 0.03, 0.1])
@pytest.mark.parametrize("outfit", [HARD, SINGLE])
def test_leaving_a_garment_out_never_pays(atlas, make_sample, outfit, error_m):
    sample, displacement = make_sample(outfit)
    rng = np.random.default_rng(0)
    guess = displacement + rng.normal(size=displacement.shape) * error_m / np.sqrt(3)
    honest = sum(_means(evaluate_sample(atlas, sample, guess)).values())
    for name in outfit:
        scores = evaluate_sample(atlas, sample, guess, _relabelled(sample, name, None))
        assert [score.garment for score in scores if score.missing] == [name]
        assert sum(_means(scores).values()) > honest, name


@pytest.mark.parametrize("outfit", [HARD, SINGLE])
def test_calling_a_garment_something_else_neither_pays_nor_costs(atlas, make_sample, outfit):
    sample, displacement = make_sample(outfit)
    guess = displacement + np.random.default_rng(1).normal(scale=0.01, size=displacement.shape)
    honest = evaluate_sample(atlas, sample, guess)
    for name in outfit:
        scores = evaluate_sample(atlas, sample, guess, _relabelled(sample, name, "Jumpsuit"))
        assert _means(scores) == pytest.approx(_means(honest), abs=1e-6)
        assert sum(score.missing for score in scores) == 1


def test_relabelling_one_garment_as_the_other_costs(atlas, make_sample):
    sample, displacement = make_sample(HARD)
    scores = evaluate_sample(atlas, sample, displacement, _relabelled(sample, "Skirt", "Top"))
    assert all(value > 50 for value in _means(scores).values())


def test_bad_vertices_cannot_hide_under_a_foreign_name(atlas, make_sample):
    sample, displacement = make_sample(HARD)
    guess = displacement.copy()
    hem = slice(16 * 20, 20 * 20)
    guess[hem] += (0.3, 0, 0)
    classes = sample.vertex_classes.copy()
    classes[hem] = CLASS_IDS["Trousers"]
    hidden = _means(evaluate_sample(atlas, sample, guess, classes))
    dropped = classes.copy()
    dropped[hem] = 0
    left_out = _means(evaluate_sample(atlas, sample, guess, dropped))
    assert hidden["Skirt"] > left_out["Skirt"] + 10
    assert hidden["Top"] == pytest.approx(left_out["Top"])


def test_nothing_predicted_is_scored_as_the_whole_body(atlas, make_sample):
    sample, displacement = make_sample(SINGLE)
    scores = evaluate_sample(atlas, sample, displacement, np.zeros_like(sample.vertex_classes))
    raw = sample.garments["Dress"]
    expected = surface_to_surface(sample.body_vertices, atlas.faces["default"], raw.vertices, raw.faces)
    assert scores[0].s2s == expected and scores[0].missing
    assert scores[0].s2s.mean_mm > _means(evaluate_sample(atlas, sample, displacement * 0))["Dress"]


def test_without_a_body_nothing_predicted_is_an_error(atlas, make_sample):
    sample, displacement = make_sample(HARD)
    true = {name: (item.vertices, item.faces) for name, item in sample.garments.items()}
    with pytest.raises(UserError, match="nothing was predicted for Top, Skirt"):
        evaluate_meshes({}, true)
    assert len(evaluate_meshes(sample_meshes(atlas, sample, displacement), true)) == 2


def test_a_training_sample_cannot_be_scored(atlas, make_sample):
    sample, displacement = make_sample(HARD)
    with pytest.raises(UserError, match="train-00000-0000 holds no raw garments"):
        evaluate_sample(atlas, replace(sample, garments={}), displacement)


def test_joined_meshes_keep_their_faces():
    first, second = (np.eye(3), np.array([[0, 1, 2]])), (np.eye(3) + 1, np.array([[2, 1, 0]]))
    vertices, faces = joined_mesh([first, second])
    assert vertices.shape == (6, 3) and faces.tolist() == [[0, 1, 2], [5, 4, 3]]
