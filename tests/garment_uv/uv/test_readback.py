"""What maps give back, against a dense solution of the same problem and against what is known of the atlas."""

import numpy as np
import pytest

from garment_uv.uv.build import build_atlas
from garment_uv.uv.fill import fill
from garment_uv.uv.readback import EXACT_M, readback
from garment_uv.uv.sampling import read_vertices, sampling_matrix
from garment_uv.uv.system import vertices_that_share
from tests.garment_uv.uv.test_fill import error_mm, wrinkles


@pytest.fixture(scope="module")
def spread(spread_atlas):
    return spread_atlas


@pytest.fixture(scope="module")
def worn(small_open_body):
    """A mask like a top's and trousers', with a jump at the waist, and their displacements."""
    rest = small_open_body.rest
    values = wrinkles(rest, waves=0.7) + 0.03 * (rest[:, 2:] > 0.1)
    return values, np.abs(rest[:, 0]) < 0.5


def test_an_exact_map_gives_every_vertex_back(spread, worn):
    values, mask = worn
    texels = fill(spread, values, mask, "exact")
    assert error_mm(spread, values, texels, mask).max() < 0.01
    assert error_mm(spread, values, fill(spread, values, mask, "least_norm"), mask).max() > 0.5
    found = readback(spread, values, mask, texels)
    assert not len(found.vertices) and found.worst_m < EXACT_M
    assert vertices_that_share(spread) == ()


def test_an_exact_map_is_as_smooth_as_before(spread, worn):
    """Between vertices it is as near the linear interpolation as the least-norm map, and leaves the range by as little
    as its steps allow."""
    values, mask = worn
    linear = fill(spread, values, mask, "barycentric")
    away = {name: np.abs(fill(spread, values, mask, name) - linear) for name in ("least_norm", "exact")}
    assert away["exact"].mean() < 1.15 * away["least_norm"].mean()
    span = np.ptp(np.where(mask[:, None], values, 0), axis=0)
    texels = fill(spread, values, mask, "exact").reshape(3, -1)
    assert (texels.max(axis=1) < values.max(axis=0) + 0.4 * span).all()


def test_vertices_that_share_are_those_of_the_null_space(body):
    """Against the singular vectors of all of S."""
    atlas = build_atlas(body, 32)
    matrix = sampling_matrix(atlas).toarray()
    left, sizes, _ = np.linalg.svd(matrix, full_matrices=True)
    surely, perhaps = (np.sqrt((left[:, (sizes > least).sum() :] ** 2).sum(axis=1)) for least in (1e-6, 1e-3))
    named = np.zeros(len(matrix), bool)
    named[list(vertices_that_share(atlas))] = True
    assert named[surely > 0.05].all() and not named[perhaps < 0.005].any()
    assert named.sum() > 100


def test_what_cannot_be_exact_is_named_with_its_error(body):
    atlas, mask = build_atlas(body, 32), np.ones(body.num_vertices, bool)
    values = np.random.default_rng(0).uniform(-0.05, 0.05, (body.num_vertices, 3))
    texels = fill(atlas, values, mask, "exact")
    found = readback(atlas, values, mask, texels)
    errors = np.linalg.norm(read_vertices(atlas, texels) - values, axis=1)
    np.testing.assert_array_equal(np.sort(found.vertices), np.flatnonzero(errors > EXACT_M))
    np.testing.assert_allclose(found.errors_m, errors[found.vertices])
    assert found.errors_m[0] == found.worst_m == errors.max() > 0.01
    assert (np.diff(found.errors_m) <= 0).all()


def test_where_many_share_texels_an_exact_map_is_the_least_norm_one(body):
    atlas, mask = build_atlas(body, 32), np.ones(body.num_vertices, bool)
    values = wrinkles(body.rest)
    assert len(vertices_that_share(atlas)) > 0.5 * body.num_vertices
    np.testing.assert_array_equal(fill(atlas, values, mask, "exact"), fill(atlas, values, mask, "least_norm"))


def test_only_the_masks_vertices_count(spread, worn):
    values, mask = worn
    texels = fill(spread, values, mask, "exact")
    assert readback(spread, np.where(mask[:, None], values, 9.0), mask, texels).worst_m < EXACT_M
    assert readback(spread, values, np.zeros_like(mask), texels).worst_m == 0.0
