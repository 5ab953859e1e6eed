import numpy as np
import pytest
import trimesh

from garment_uv.body.protocol import BodyParameters
from garment_uv.datasets.open._mesh import split_quads
from garment_uv.datasets.open.collider import Collider
from garment_uv.datasets.open.drape import Drape, Garment, _strands
from garment_uv.datasets.open.outfits import draw_outfit
from garment_uv.datasets.open.stage import T_POSE, stacked


@pytest.fixture(scope="module")
def skirt(stage):
    (cut, _) = draw_outfit(("Top", "Skirt"), np.random.default_rng(2)).cuts
    mean = BodyParameters(0, np.zeros(10, np.float32), T_POSE)
    helpers = stacked(stage.body.pose_helpers(mean))
    return Garment(stage.tailor.pattern(cut), helpers, np.random.default_rng(0)), helpers


def settle(skirt, stage, steps=25):
    garment, helpers = skirt
    layer = stage.layers["tights"]
    collider = Collider(helpers[: len(layer.base_vertices)], layer.faces)
    drape = Drape(garment, garment.target(helpers))
    for _ in range(steps):
        drape.substep(garment.target(helpers), collider)
    return drape.vertices


def test_a_collider_pushes_points_out_of_a_ball():
    ball = trimesh.creation.icosphere(subdivisions=4, radius=0.5)
    collider = Collider(ball.vertices, ball.faces)
    directions = np.random.default_rng(0).normal(size=(200, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    inside = collider.pushed(directions * 0.47, 0.01)
    assert np.abs(np.linalg.norm(inside, axis=1) - 0.51).max() < 0.002
    outside = directions * 0.53
    np.testing.assert_allclose(collider.pushed(outside, 0.01), outside, atol=1e-6)
    collider.move(ball.vertices + np.array([0, 0, 3.0]))
    np.testing.assert_allclose(collider.pushed(directions * 0.47, 0.01), directions * 0.47, atol=1e-6)


def test_points_past_the_border_of_an_open_mesh_are_left_alone():
    plate = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0.0]])
    collider = Collider(plate, np.array([[0, 1, 2], [0, 2, 3]]))
    points = np.array([[0.5, 0.5, -0.01], [1.02, 0.5, -0.01]])
    moved = collider.pushed(points, 0.003, steep=0.75)
    np.testing.assert_allclose(moved, [[0.5, 0.5, 0.003], [1.02, 0.5, -0.01]], atol=1e-6)


def test_a_skirt_hangs_within_the_length_of_its_strands(skirt, stage):
    vertices = settle(skirt, stage)
    garment = skirt[0]
    anchor, reach = _strands(garment.pattern, garment.unstrained)
    hung = anchor >= 0
    assert hung.sum() > 1000
    strand = np.linalg.norm(vertices[hung] - vertices[anchor[hung]], axis=1)
    # The last collision may pull a vertex a little past its reach.
    assert (strand - reach[hung]).max() < 0.02
    assert vertices[:, 2].min() > garment.pattern.cut.bottom - 0.05


def test_cloth_does_not_tear_or_explode(skirt, stage):
    vertices, garment = settle(skirt, stage), skirt[0]
    faces = split_quads(garment.pattern.faces)
    now, before = (np.linalg.norm(x[faces[:, 0]] - x[faces[:, 1]], axis=1) for x in (vertices, garment.unstrained))
    assert np.isfinite(vertices).all()
    assert np.percentile(now / before, 99) < 1.5


def test_cloth_lags_behind_the_body(skirt, stage):
    garment, helpers = skirt
    layer = stage.layers["tights"]
    count = len(layer.base_vertices)
    collider = Collider(helpers[:count], layer.faces)
    drape = Drape(garment, garment.target(helpers))
    for _ in range(20):
        drape.substep(garment.target(helpers), collider)
    still = drape.vertices
    for step in range(1, 5):
        moved = helpers + np.array([0.015 * step, 0, 0])
        collider.move(moved[:count])
        drape.substep(garment.target(moved), collider)
    shift = (drape.vertices - still)[:, 0]
    waist, hem = garment.pattern.hang < 0.05, garment.pattern.hang > 0.95
    assert shift[waist].mean() > 0.055
    assert shift[hem].mean() < 0.045


def test_draping_is_deterministic(skirt, stage):
    np.testing.assert_array_equal(settle(skirt, stage, 5), settle(skirt, stage, 5))


def test_bending_wrinkles_the_target(stage):
    (cut,) = draw_outfit(("Jumpsuit",), np.random.default_rng(4)).cuts
    zeros = np.zeros(10, np.float32)
    bent = T_POSE.copy()
    bent[3 * 4] = 1.6
    helpers = [stacked(stage.body.pose_helpers(BodyParameters(0, zeros, pose))) for pose in (T_POSE, bent)]
    one, two = (Garment(stage.tailor.pattern(cut), helpers[0], np.random.default_rng(seed)) for seed in (0, 1))
    straight = np.linalg.norm(one.target(helpers[0]) - two.target(helpers[0]), axis=1)
    flexed = np.linalg.norm(one.target(helpers[1]) - two.target(helpers[1]), axis=1)
    knee = np.abs(one.pattern.canonical - [0.13, 0.02, -0.45]).max(axis=1) < 0.1
    if knee.any():
        assert flexed[knee].mean() > straight[knee].mean()
    assert straight.mean() > 5e-4, "folds differ between sequences of the same subject and cut"
