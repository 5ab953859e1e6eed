from dataclasses import replace

import numpy as np
import pytest

from garment_uv.datasets.open import perform
from garment_uv.datasets.open.cast import draw_cast
from garment_uv.datasets.open.outfits import GarmentCut, Outfit
from garment_uv.datasets.open.plan import SequencePlan
from garment_uv.datasets.open.sewable import CannotSew, check_piece
from garment_uv.errors import UserError

NECK = (0.09, 0.13, 0.02)


def skirt(**cut):
    return GarmentCut("Skirt", "cotton", 0.3, **({"top": 0.09, "bottom": -0.5} | cut))


@pytest.mark.parametrize(
    ("cut", "says"),
    [
        (GarmentCut("Top", "cotton", 0.3, None, 0.7, NECK, 0.16), "leaves nothing"),
        (
            GarmentCut("Top", "cotton", 0.3, None, 0.05, (0.2, 0.2, 0.3), 0.16, neckline="straps"),
            "nothing goes over its shoulders",
        ),
        (GarmentCut("Trousers", "cotton", 0.3, -0.9, -0.2), "waist -0.9 is not above its hem -0.2"),
        (GarmentCut("Tshirt", "cotton", float("nan"), None, 0.05, NECK, 0.3), "not finite"),
        (GarmentCut("Trousers", "cotton", 0.3, 0.1, -0.8, slits=((0.0, -0.5),)), "only a Skirt or a Dress"),
        (skirt(bottom=-0.2, tilt=0.3), "its hem reaches -0.050"),
        (skirt(top=-0.01), "waist -0.01 must be at least 0"),
        (skirt(pleats=60), "60 pleats; 0 or 3 to 36"),
        (skirt(pleats=12, pleat_width=-0.2), "do not take it"),
        (skirt(slits=((0.0, -0.6),)), "a slit must end between -0.470 and -0.055, was given -0.600"),
        (skirt(slits=((0.0, -0.3), (0.1, -0.3))), "slits must be 0.4 radians apart"),
    ],
)
def test_what_cannot_be_sewn_is_said_in_one_line(stage, cut, says):
    with pytest.raises(CannotSew, match=says) as caught:
        stage.tailor.pattern(cut)
    assert str(caught.value).startswith(cut.name) and "\n" not in str(caught.value)


def test_a_sequence_with_such_a_cut_is_a_reason_and_not_the_end(stage, monkeypatch):
    wrong = Outfit((skirt(pleats=60),), (0.0, 0.0))
    plan = SequencePlan("train", 0, 1, ("Skirt",), "walk", 1, "full")
    real = draw_cast(plan)
    monkeypatch.setattr(perform, "draw_cast", lambda plan: replace(real, outfit=wrong))
    for cloth in ("procedural", "simulated"):
        (found,) = perform.perform_many(stage, [plan], cloth)
        assert isinstance(found, CannotSew) and isinstance(found, UserError)


def test_a_garment_is_one_piece():
    with pytest.raises(CannotSew, match="falls apart into 2 pieces"):
        check_piece(skirt(), np.array([[0, 1, 2, 2], [3, 4, 5, 5]]), np.zeros((6, 3)))
