"""Where the person is: box, mask, transparency, plain background, and what is refused."""

import numpy as np
import pytest

from garment_uv.datasets.cloth3d.camera import crop_box
from garment_uv.errors import UserError
from garment_uv.estimation.person import rough_square
from garment_uv.estimation.placement import Square, place_in
from garment_uv.viewing.picture import render_through
from tests.garment_uv.clothed import person, whole_body

NOISE = np.random.default_rng(0).integers(0, 255, (480, 640, 3), dtype=np.uint8)


def on_black(height=480, width=640):
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[100:300, 200:280] = 180
    return pixels


EXPECTED = (240.0, 200.0, 290.0)


def centre(square: Square):
    return square.left + square.side / 2, square.top + square.side / 2, square.side


def test_four_ways_to_say_it():
    assert centre(rough_square(on_black())) == pytest.approx(EXPECTED)
    assert centre(rough_square(NOISE, box=(200, 100, 280, 300))) == pytest.approx(EXPECTED)
    assert centre(rough_square(NOISE, mask=on_black()[..., 0] > 0)) == pytest.approx(EXPECTED)
    clear = np.dstack([NOISE, on_black()[..., 0]])
    assert centre(rough_square(clear)) == pytest.approx(EXPECTED)
    assert rough_square(NOISE[:400, :400]) == Square(0, 0, 400)


@pytest.mark.parametrize("number", range(6))
def test_a_rough_square_lies_where_training_displaces_squares(number):
    """Rendered people: their boxes give squares within about what a network is trained on."""
    body = person(number)
    from garment_uv.viewing.meshes import ViewMesh

    picture = render_through([ViewMesh("body", *whole_body(body), (40, 60, 90))], body.camera, 256)
    u, v, zoom = place_in(rough_square(picture), Square(0, 0, 256))
    assert max(abs(u), abs(v)) < 0.25 and abs(zoom) < 0.35
    assert crop_box(body.camera)[2] > 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"pixels": NOISE}, "--box LEFT,TOP,RIGHT,BOTTOM or --mask"),
        ({"pixels": NOISE, "mask": np.zeros((480, 640), bool)}, "the mask shows no person"),
        ({"pixels": NOISE, "mask": np.ones((48, 64), bool)}, "the mask is 64x48 px, the picture is 640x480"),
        ({"pixels": np.zeros((480, 640, 3), np.uint8)}, "shows no person"),
        ({"pixels": NOISE, "box": (700, 0, 900, 100)}, "holds no part of the picture of 640x480"),
        ({"pixels": NOISE, "box": (280, 100, 200, 300)}, "holds no part"),
    ],
)
def test_refusals_are_one_line(arguments, said):
    with pytest.raises(UserError, match=said) as caught:
        rough_square(**arguments)
    assert "\n" not in str(caught.value)
