import copy

import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates

from garment_uv.uv.fill import fill
from garment_uv.uv.sampling import MapSampler, read_vertices, sampling_matrix


def reference(atlas, values):
    """Bilinear by SciPy at every point, then the mean over each vertex's points."""
    at = atlas.points[:, ::-1].T
    read = np.stack([map_coordinates(channel, at, order=1) for channel in values.astype(float)], axis=1)
    total = np.zeros((atlas.num_vertices, len(values)))
    np.add.at(total, atlas.point_vertex, read)
    return total / np.bincount(atlas.point_vertex)[:, None]


@pytest.fixture(scope="module")
def maps(atlas):
    return np.random.default_rng(1).normal(size=(4, 3, atlas.size, atlas.size)).astype(np.float32)


def test_reads_like_an_independent_bilinear_interpolation(atlas, maps):
    np.testing.assert_allclose(read_vertices(atlas, maps[0]), reference(atlas, maps[0]), atol=1e-6)


def test_rows_of_s_add_to_one(atlas):
    np.testing.assert_allclose(np.asarray(sampling_matrix(atlas).sum(axis=1)).ravel(), 1.0, atol=1e-12)


def test_torch_reads_the_same(atlas, maps):
    read = MapSampler(atlas)(torch.from_numpy(maps))
    assert read.shape == (4, atlas.num_vertices, 3) and read.dtype == torch.float32
    for index in range(4):
        np.testing.assert_allclose(read[index].numpy(), read_vertices(atlas, maps[index]), atol=1e-5)


def test_the_gradient_is_the_transpose(atlas, maps):
    values = torch.from_numpy(maps).requires_grad_()
    read = MapSampler(atlas)(values)
    weights = torch.randn(read.shape, generator=torch.Generator().manual_seed(0))
    (read * weights).sum().backward()
    matrix = sampling_matrix(atlas)
    for index in (0, 3):
        wanted = (matrix.T @ weights[index].double().numpy()).T.reshape(3, atlas.size, atlas.size)
        np.testing.assert_allclose(values.grad[index].numpy(), wanted, atol=1e-5)


def test_survives_copies_half_precision_and_autocast(atlas, maps):
    sampler = copy.deepcopy(MapSampler(atlas))
    assert not sampler.state_dict(), "the atlas is stored once, not in every checkpoint"
    values = torch.from_numpy(maps)
    wanted = sampler(values)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert sampler(values).dtype == torch.float32
        torch.testing.assert_close(sampler(values), wanted)
    assert (sampler(values.bfloat16()) - wanted).abs().max() < 0.02


def test_wrong_sizes_are_said(atlas):
    with pytest.raises(ValueError, match="wanted"):
        MapSampler(atlas)(torch.zeros(1, 3, 5, 5))
    with pytest.raises(ValueError, match="wanted"):
        read_vertices(atlas, np.zeros((3, 5, 5)))


def test_a_map_that_is_not_filled_is_read_back_by_its_nearest_texels(atlas):
    values = np.random.default_rng(2).normal(size=(atlas.num_vertices, 3))
    _, texel_of_point = np.unique(np.rint(atlas.points), axis=0, return_inverse=True)
    shared = np.bincount(texel_of_point)[texel_of_point] > 1
    alone = np.setdiff1d(np.arange(atlas.num_vertices), atlas.point_vertex[shared])
    assert len(alone) > 0.5 * atlas.num_vertices
    unfilled = fill(atlas, values, np.ones(atlas.num_vertices, bool), "none")
    nearest = MapSampler(atlas, "nearest")(torch.from_numpy(unfilled[None]))[0].numpy()
    np.testing.assert_allclose(nearest[alone], values[alone], atol=1e-6)
    bilinear = read_vertices(atlas, unfilled)
    assert np.abs(bilinear[alone] - values[alone]).mean() > 0.1


def test_the_nearest_reading_takes_one_texel_a_point(atlas):
    matrix = sampling_matrix(atlas, "nearest")
    assert matrix.nnz <= len(atlas.points)
    np.testing.assert_allclose(np.asarray(matrix.sum(axis=1)).ravel(), 1.0, atol=1e-12)
    vertex = int(atlas.point_vertex[0])
    texels = np.rint(atlas.points[atlas.point_vertex == vertex]).astype(int)
    assert set(matrix[vertex].indices) == set(texels[:, 1] * atlas.size + texels[:, 0])
