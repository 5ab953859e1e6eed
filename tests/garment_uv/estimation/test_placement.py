"""A root in a square of a picture is a place before the camera, and back."""

import numpy as np
import pytest

from garment_uv.datasets.cloth3d.camera import crop_box
from garment_uv.estimation.placement import Optics, Square, camera_of, place_in, root_square
from garment_uv.geometry.camera import HALF_SQUARE

CAMERAS = [np.array(values) for values in ([4.0, 0.3, -0.2], [6.0, -0.5, 0.4], [1.5, 0.0, 0.0])]


def test_squares_there_and_back():
    inside, root = Square(10.0, -5.0, 200.0), Square(33.0, 20.0, 120.0)
    again = root_square(inside, *place_in(inside, root))
    assert (again.left, again.top, again.side) == pytest.approx((33.0, 20.0, 120.0))
    assert place_in(root, root) == pytest.approx((0, 0, 0))
    right_below = Square(root.left + 12, root.top + 6, root.side)
    assert place_in(root, right_below) == pytest.approx((0.2, 0.1, 0))


@pytest.mark.parametrize("camera", CAMERAS, ids=str)
def test_the_true_square_gives_the_true_camera(camera):
    frame = Square(*crop_box(camera))
    assert camera_of(frame, Optics.of_frame()) == pytest.approx(camera, abs=1e-5)
    crop = Square(0.0, 0.0, 128.0)
    assert camera_of(crop, Optics.of_crop(camera, 128)) == pytest.approx(camera, abs=1e-5)


def test_another_root_in_a_crop_is_that_root_in_the_room():
    camera, step = CAMERAS[0], np.array([0.4, 0.1, -0.2])
    left, top, side = crop_box(camera)
    scale = 128 / side
    box = crop_box(camera - step)
    moved = Square((box[0] - left) * scale, (box[1] - top) * scale, box[2] * scale)
    assert camera_of(moved, Optics.of_crop(camera, 128)) == pytest.approx(camera - step, abs=1e-5)


def test_unknown_optics_put_the_body_where_it_is_assumed():
    found = camera_of(Square(100.0, 50.0, 300.0), Optics.assumed(500, 400, 300.0, 5.0))
    assert found == pytest.approx([5.0, 0.0, 0.0])
    aside = camera_of(Square(220.0, 50.0, 300.0), Optics.assumed(500, 400, 300.0, 5.0))
    assert aside == pytest.approx([5.0, -120 / 300 * 2 * HALF_SQUARE, 0.0])  # a root to the right: camera at -y


def test_no_nearer_than_a_body_may_stand():
    assert camera_of(Square(0, 0, 1e5), Optics.of_frame())[0] == 1.25
