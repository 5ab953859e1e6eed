import numpy as np
import pytest

from garment_uv.datasets.open.appearance import PRINTS, TILE, draw_print, texture_corners

COLOURS = np.array([[0.9, 0.1, 0.1], [0.1, 0.1, 0.9], [0.95, 0.95, 0.9]])


@pytest.mark.parametrize("kind", PRINTS)
def test_prints_show_more_than_one_colour(kind):
    tile = draw_print(kind, COLOURS, np.random.default_rng(0))
    assert tile.shape == (TILE, TILE, 3) and tile.dtype == np.uint8
    assert len(np.unique(tile.reshape(-1, 3), axis=0)) >= 2
    np.testing.assert_array_equal(tile, draw_print(kind, COLOURS, np.random.default_rng(0)))


def test_an_unknown_print_is_refused():
    with pytest.raises(ValueError, match="stripes"):
        draw_print("paisley", COLOURS, np.random.default_rng(0))


def test_texture_coordinates_measure_metres_on_the_surface():
    # A front face (across y) and a side face (across x) of one box.
    rest = np.array([[0, 0, 0], [0.2, 0, 0], [0.2, 0, 0.3], [0, 0, 0.3], [0.2, 0.4, 0], [0.2, 0.4, 0.3]])
    faces = np.array([[0, 1, 2, 3], [1, 4, 5, 2]], dtype=np.int32)
    uvs, corners = texture_corners(rest, faces, 0.1)
    front, side = uvs[corners[0]], uvs[corners[1]]
    np.testing.assert_allclose(np.ptp(front, axis=0), [2, 3])
    np.testing.assert_allclose(np.ptp(side, axis=0), [4, 3])
    assert corners.shape == faces.shape and corners.max() == len(uvs) - 1
