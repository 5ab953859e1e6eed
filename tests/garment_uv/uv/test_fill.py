import numpy as np
import pytest

from garment_uv.body import AnnyBody, build_topology
from garment_uv.errors import UserError
from garment_uv.uv.build import build_atlas
from garment_uv.uv.fill import FADE_RINGS, FULL_RINGS, METHODS, atlas_adjacency, extend, fill
from garment_uv.uv.least_norm import OVERSHOOTS
from garment_uv.uv.sampling import read_vertices


def wrinkles(rest, waves=1.0):
    x = rest.astype(float) * waves
    angles = (30 * x[:, 2] + 10 * x[:, 0], 25 * x[:, 0] - 15 * x[:, 2], 20 * x[:, 1] + 35 * x[:, 2])
    return 0.02 * np.stack([np.sin(angle) for angle in angles], axis=1) + 0.02


def error_mm(atlas, values, texels, mask):
    return 1e3 * np.linalg.norm((read_vertices(atlas, texels) - values)[mask], axis=1)


@pytest.fixture(scope="module")
def open_body():
    topology = build_topology(AnnyBody(), subdivisions=1)
    return topology, build_atlas(topology, 256)


@pytest.fixture
def torso(body):
    return (body.rest[:, 2] > 0.05) & (np.abs(body.rest[:, 0]) < 0.5)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_a_sane_map(body, atlas, torso, method):
    values = wrinkles(body.rest)
    texels = fill(atlas, values, torso, method)
    assert texels.shape == (3, atlas.size, atlas.size) and texels.dtype == np.float32
    span = (values.max() - min(0.0, values.min())) * (OVERSHOOTS[-1] + 0.05 if method == "exact" else 0.1)
    assert texels.min() > min(0.0, values.min()) - span and texels.max() < values.max() + span
    np.testing.assert_array_equal(texels, fill(atlas, values, torso, method))


def test_methods_rank_as_measured(open_body):
    topology, atlas = open_body
    values, everywhere = wrinkles(topology.rest), np.ones(atlas.num_vertices, bool)
    mean = {m: error_mm(atlas, values, fill(atlas, values, everywhere, m), everywhere).mean() for m in METHODS}
    assert mean["least_norm"] < 0.06
    assert mean["least_norm"] < 0.1 * mean["barycentric"]
    assert mean["barycentric"] < mean["navier_stokes"] < mean["none"]
    assert mean["barycentric"] < mean["telea"] < mean["none"]


def test_a_constant_garment_reads_back_constant_up_to_its_border(body, atlas, torso):
    values = np.full((atlas.num_vertices, 3), 0.07)
    worst = {m: error_mm(atlas, values, fill(atlas, values, torso, m), torso).max() for m in METHODS if m != "none"}
    assert worst["least_norm"] < 0.05, "of 121 mm"
    assert max(worst.values()) < 15.0, "of 121 mm, where arm and torso nearly touch on the canvas"


def test_what_lies_outside_the_mask_is_never_looked_at(body, atlas, torso):
    values = wrinkles(body.rest)
    other = np.where(torso[:, None], values, np.nan)
    before = torso.copy()
    for method in METHODS:
        np.testing.assert_array_equal(fill(atlas, values, torso, method), fill(atlas, other, torso, method))
    np.testing.assert_array_equal(torso, before)


def test_values_fade_to_zero_beyond_the_mask(body, atlas, torso):
    extended = extend(atlas, np.full((atlas.num_vertices, 1), 0.07), torso)[:, 0]
    reached, rings = torso.copy(), np.where(torso, 0, 99)
    for ring in range(1, FULL_RINGS + FADE_RINGS + 2):
        fresh = (atlas_adjacency(atlas) @ reached > 0) & ~reached
        rings[fresh] = ring
        reached |= fresh
    np.testing.assert_allclose(extended[rings <= FULL_RINGS], 0.07)
    assert (extended[rings > FULL_RINGS + FADE_RINGS] == 0).all()
    levels = [extended[rings == ring].mean() for ring in range(FULL_RINGS, FULL_RINGS + FADE_RINGS + 1)]
    assert (np.diff(levels) < 0).all()


def test_a_crowded_canvas_stays_in_range(body):
    crowded = build_atlas(body, 32)
    assert crowded.num_vertices > 32 * 32
    values = np.random.default_rng(3).uniform(-0.3, 0.3, (crowded.num_vertices, 3))
    texels = fill(crowded, values, np.ones(crowded.num_vertices, bool))
    assert np.abs(texels).max() <= 0.3 * 1.11


def test_the_quickstart_canvas_keeps_a_smooth_garment():
    topology = build_topology(AnnyBody(), subdivisions=0)
    atlas, everywhere = build_atlas(topology, 64), np.ones(topology.num_vertices, bool)
    values = wrinkles(topology.rest, waves=0.5)
    assert error_mm(atlas, values, fill(atlas, values, everywhere), everywhere).mean() < 0.6


def test_an_empty_mask_gives_an_empty_map(body, atlas):
    values = np.ones((atlas.num_vertices, 3))
    for method in METHODS:
        assert not fill(atlas, values, np.zeros(atlas.num_vertices, bool), method).any()


def test_bad_input_is_said(atlas):
    good, mask = np.zeros((atlas.num_vertices, 3)), np.ones(atlas.num_vertices, bool)
    with pytest.raises(UserError, match="least_norm"):
        fill(atlas, good, mask, "fancy")
    with pytest.raises(ValueError, match="wanted"):
        fill(atlas, good[:-1], mask)
    with pytest.raises(ValueError, match="finite"):
        fill(atlas, np.where(np.arange(len(good))[:, None] == 5, np.inf, good), mask)
