import numpy as np
import pytest

from garment_uv.datasets.open.cloth.fabrics import FABRICS
from garment_uv.datasets.open.cloth.sheets import CannotSimulate, Sheet
from garment_uv.datasets.open.outfits import FABRICS as WORN
from garment_uv.errors import UserError
from tests.garment_uv.datasets.open.cloth.flat import flat_sheet, grid


def broken(what):
    points, faces = grid(3, 3)
    fixed = np.zeros(len(points), dtype=bool)
    if what == "not finite":
        points[4, 1] = np.nan
    elif what == "faces must be":
        faces[0, 0] = 99
    elif what == "belong to no face":
        points, fixed = np.concatenate([points, points[:1]]), np.append(fixed, False)
    elif what == "do not fit":
        fixed = fixed[1:]
    return Sheet("Dress", points, faces, FABRICS["silk"], fixed)


@pytest.mark.parametrize("what", ["not finite", "faces must be", "belong to no face", "do not fit"])
def test_what_cannot_be_simulated_is_refused_in_one_line(what):
    with pytest.raises(CannotSimulate, match=what) as caught:
        broken(what)
    assert "\n" not in str(caught.value) and "Dress" in str(caught.value)


def test_a_sheet_weighs_what_its_fabric_does():
    sheet = flat_sheet(10, 10)
    assert sheet.masses().sum() == pytest.approx(FABRICS["cotton"].density * 0.2**2, rel=0.02)
    assert (sheet.masses() > 0).all()


def test_every_fabric_that_is_worn_can_be_simulated():
    assert set(FABRICS) == set(WORN)


def test_a_fabric_that_cannot_be_is_refused():
    with pytest.raises(UserError, match="density"):
        FABRICS["silk"].with_values({"density": 0.0})
