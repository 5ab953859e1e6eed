import numpy as np
import pytest
import torch

from garment_uv.errors import UserError
from garment_uv.metrics.baselines import ClassMeanDisplacement, body_as_garment, vertex_frames
from garment_uv.metrics.evaluate import evaluate_sample
from garment_uv.uv.frames import SurfaceFrames
from tests.garment_uv.cylinder import cylinder_atlas
from tests.garment_uv.cylinder import make_sample as cylinder_sample


def test_the_body_as_garment_is_no_displacement(make_sample):
    sample, _ = make_sample()
    assert body_as_garment(sample).shape == sample.body_vertices.shape and not body_as_garment(sample).any()


@pytest.mark.parametrize("local", [False, True])
def test_one_frame_is_its_own_mean(atlas, make_sample, local):
    sample, displacement = make_sample()
    fitted = ClassMeanDisplacement.fit([sample], atlas, local)
    covered = sample.vertex_classes > 0
    assert np.abs(fitted.predict(sample) - displacement)[covered].max() < 1e-4
    assert not fitted.predict(sample)[~covered].any()


def test_the_mean_is_per_vertex_and_class(atlas, make_sample):
    near, _ = make_sample({"Top": (2, 10)}, lambda body: body * (0.1, 0.1, 0))
    far, _ = make_sample({"Top": (2, 8)}, lambda body: body * (0.3, 0.3, 0), seed=1)
    other, _ = make_sample({"Tshirt": (2, 10)}, lambda body: body * (0.9, 0.9, 0), seed=2)
    found = ClassMeanDisplacement.fit([near, far, other], atlas, local=False).predict(near)
    both, one = slice(4 * 20, 5 * 20), slice(9 * 20, 10 * 20)
    assert np.allclose(found[both], near.body_vertices[both] * (0.2, 0.2, 0), atol=1e-4)
    assert np.allclose(found[one], near.body_vertices[one] * (0.1, 0.1, 0), atol=1e-4)


def test_a_vertex_never_seen_takes_the_classs_overall_mean(atlas, make_sample):
    seen, _ = make_sample({"Skirt": (2, 10)}, lambda body: np.zeros_like(body) + (0.01, 0.02, 0.03))
    longer, _ = make_sample({"Skirt": (2, 18), "Top": (18, 20)}, seed=1)
    found = ClassMeanDisplacement.fit([seen], atlas, local=False).predict(longer)
    assert np.allclose(found[2 * 20 : 18 * 20], (0.01, 0.02, 0.03), atol=1e-4)
    assert not found[18 * 20 :].any()


def test_means_on_the_body_turn_with_it_and_those_in_the_sample_frame_do_not(atlas, make_sample, make_rotation):
    train = [make_sample(rotation=make_rotation(seed), seed=seed)[0] for seed in range(4)]
    test, _ = make_sample(rotation=make_rotation(9), seed=9)
    errors = {}
    for local in (False, True):
        displacement = ClassMeanDisplacement.fit(train, atlas, local).predict(test)
        errors[local] = np.mean([score.s2s.mean_mm for score in evaluate_sample(atlas, test, displacement)])
    assert errors[True] < 0.1 and errors[False] > 5


def test_predicted_classes_choose_the_means(atlas, make_sample):
    sample, _ = make_sample()
    fitted = ClassMeanDisplacement.fit([sample], atlas)
    assert not fitted.predict(sample, np.zeros(atlas.num_vertices, int)).any()


def test_no_samples_are_an_error(atlas):
    with pytest.raises(UserError, match="no samples to average"):
        ClassMeanDisplacement.fit([], atlas)


def test_frames_are_rotations_that_point_outwards(atlas, make_sample, make_rotation):
    sample, _ = make_sample()
    frames = vertex_frames(atlas, sample.body_vertices)
    assert np.allclose(frames @ frames.transpose(0, 2, 1), np.eye(3), atol=1e-6)
    outwards = sample.body_vertices * (5, 5, 0)
    assert ((frames[:, :, 2] * outwards).sum(axis=1) > 0.95).all()
    rotation = make_rotation(3)
    turned = vertex_frames(atlas, sample.body_vertices @ rotation.T)
    assert np.allclose(turned, rotation @ frames, atol=1e-5)


def test_their_normals_are_those_of_the_surfaces_frames():
    atlas = cylinder_atlas()
    body = cylinder_sample(atlas, "val", 1, raw=False).body_vertices
    theirs = SurfaceFrames(atlas).at_vertices(torch.from_numpy(np.float32(body))[None])[0].numpy()
    np.testing.assert_allclose(vertex_frames(atlas, body)[:, :, 2], theirs[:, 2], atol=1e-4)


def test_a_collapsed_body_has_plain_frames(atlas):
    assert np.array_equal(vertex_frames(atlas, np.zeros((atlas.num_vertices, 3)))[0], np.eye(3))
