import numpy as np
import pytest
import trimesh

from garment_uv.datasets.open._mesh import split_quads
from garment_uv.datasets.open.dressing import FULLNESS, START_POSE, dress
from garment_uv.datasets.open.outfits import OUTFIT_ORDER, GarmentCut, draw_outfit

SHAPE = np.zeros(10, np.float32)


@pytest.fixture(scope="module")
def helpers(stage):
    return stage.helpers(0, SHAPE, START_POSE[None])[0]


def dressed(stage, helpers, names, seed=1):
    rng = np.random.default_rng(seed)
    return [dress(stage.tailor.pattern(cut), helpers, rng) for cut in draw_outfit(names, rng).cuts]


@pytest.mark.parametrize("names", OUTFIT_ORDER, ids="+".join)
def test_every_garment_hangs_from_something(stage, helpers, names):
    for index, garment in enumerate(dressed(stage, helpers, names)):
        sheet = garment.sheet(over=index - 1 if index else None)
        assert len(garment.held()) > 10
        waisted = sheet.name in ("Skirt", "Trousers")
        assert sheet.fixed.any() == waisted
        # A T-shirt's collar would be lifted by tethers.
        assert (len(sheet.sources) > 0) == (sheet.name not in ("Top", "Tshirt"))
        assert sheet.over == (index - 1 if index else None)


def test_a_skirt_has_more_cloth_around_than_its_cone(stage, helpers):
    (skirt, _) = dressed(stage, helpers, ("Top", "Skirt"))
    lowest = np.flatnonzero(skirt.pattern.tube)[-len(skirt.pattern.loop) :]

    def around(points):
        row = points[lowest]
        return np.linalg.norm(row - np.roll(row, 1, axis=0), axis=1).sum()

    worn, rest = skirt.worn(helpers), skirt.sheet(None).rest
    assert around(rest) > (1 + 0.3 * FULLNESS[0]) * around(worn)
    band = skirt.waistband()
    np.testing.assert_allclose(rest[band], worn[band], atol=0.01)


def test_garments_are_cut_for_arms_that_hang(stage, helpers):
    (shirt,) = [g for g in dressed(stage, helpers, ("Tshirt", "Trousers")) if g.pattern.cut.name == "Tshirt"]
    rest, place = shirt.sheet(None).rest, shirt.pattern.canonical
    cuff = np.abs(place[:, 0]) > np.abs(place[:, 0]).max() - 0.01
    shoulder = shirt.held()
    assert rest[cuff, 2].mean() < rest[shoulder, 2].mean() - 0.05


def test_a_waistband_is_carried_along_the_surface_under_it(stage, helpers):
    """Against normals of the whole garment."""
    (skirt, _) = dressed(stage, helpers, ("Top", "Skirt"))
    base = skirt.pattern.weights @ helpers
    normals = trimesh.Trimesh(base, split_quads(skirt.pattern.faces), process=False).face_normals
    sums = np.zeros_like(base)
    areas = trimesh.triangles.area(base[split_quads(skirt.pattern.faces)])
    for corner in split_quads(skirt.pattern.faces).T:
        np.add.at(sums, corner, normals * areas[:, None])
    place = base + sums / np.linalg.norm(sums, axis=1, keepdims=True) * skirt.pattern.ease[:, None]
    np.testing.assert_allclose(skirt.carried(helpers), place[skirt.waistband()], atol=1e-9)


def test_straps_follow_the_shoulders_where_they_cross_them(stage, helpers):
    cut = GarmentCut("Dress", "silk", 0.3, None, -0.5, (0.09, 0.17, 0.05), 0.161, 0.37, fullness=0.1, neckline="straps")
    garment = dress(stage.tailor.pattern(cut), helpers, np.random.default_rng(0))
    sheet = garment.sheet(None)
    place = garment.pattern.canonical[sheet.fixed]
    for side in (-1, 1):
        strap = place[side * place[:, 0] > 0]
        assert 3 <= len(strap) <= 30 and np.ptp(strap[:, 0]) < 0.06
    np.testing.assert_array_equal(sheet.sources, np.flatnonzero(sheet.fixed))
