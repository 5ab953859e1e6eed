import numpy as np
import pytest

from garment_uv.uv.sampling import sampling_matrix
from garment_uv.uv.segments import rasterise_classes


@pytest.fixture
def classes(body):
    height = body.rest[:, 2]
    return np.where(height > 0.2, 2, np.where(height > -0.4, 3, 0)).astype(np.uint8)


def test_texels_near_a_vertex_bear_its_class(atlas, classes):
    segments = rasterise_classes(atlas, classes)
    assert segments.shape == (atlas.size, atlas.size) and segments.dtype == np.uint8
    texel = np.rint(atlas.points).astype(int)
    agree = segments[texel[:, 1], texel[:, 0]] == classes[atlas.point_vertex]
    assert agree.mean() > 0.97
    assert set(np.unique(segments)) == {0, 2, 3}


def test_whatever_is_read_for_a_garment_lies_inside_the_segments(atlas, classes):
    segments = rasterise_classes(atlas, classes).ravel()
    reads = sampling_matrix(atlas).tocoo()
    assert (segments[reads.col[classes[reads.row] > 0]] > 0).all()


def test_no_class_no_segment(atlas):
    assert not rasterise_classes(atlas, np.zeros(atlas.num_vertices, np.uint8)).any()


def test_wrong_length_is_said(atlas):
    with pytest.raises(ValueError, match="wanted"):
        rasterise_classes(atlas, np.zeros(3, np.uint8))
