"""Pictures of meshes."""

from io import BytesIO

import numpy as np
import torch
from PIL import Image

from garment_uv.geometry.picture_square import crop_coordinates
from garment_uv.viewing.picture import BACKGROUND, beside, png, render_through, render_views


def ink(picture: np.ndarray) -> np.ndarray:
    return (np.abs(picture.astype(int) - np.rint(255 * np.array(BACKGROUND))) > 8).any(axis=-1)


def test_views_lie_side_by_side_on_one_scale(body, dress):
    picture = render_views([body, dress], size=96, views=("front", "left", "back"))
    assert picture.shape == (96, 288, 3) and picture.dtype == np.uint8
    heights = [np.flatnonzero(ink(part).any(axis=1)) for part in np.split(picture, 3, axis=1)]
    assert all(len(rows) > 60 and abs(len(rows) - len(heights[0])) <= 1 for rows in heights)
    middle = picture[48, 48].astype(int)
    assert middle[0] > middle[1] and middle[2] > middle[1]  # the dress's colour, in front of the body's
    content = png(beside(np.zeros((10, 10, 3), np.uint8), picture), "some program")
    assert Image.open(BytesIO(content)).size == (384, 96) and b"some program" in content[:2048]


def test_nothing_to_draw_is_an_empty_picture():
    assert not ink(render_views([], size=16, views=("front",))).any()


def test_through_the_photographs_camera(body):
    camera = np.array([4.2, 0.05, 0.3])
    size = 128
    drawn = ink(render_through([body], camera, size))
    points = torch.from_numpy(body.vertices).float()[None]
    pixels = ((crop_coordinates(points, torch.from_numpy(camera).float()[None])[0] + 1) / 2 * size).numpy()
    rows, columns = np.nonzero(drawn)
    box = [columns.min(), columns.max() + 1, rows.min(), rows.max() + 1]
    expected = [pixels[:, 0].min(), pixels[:, 0].max(), pixels[:, 1].min(), pixels[:, 1].max()]
    assert np.abs(np.array(box) - expected).max() <= 1.0
