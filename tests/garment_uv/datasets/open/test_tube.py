import numpy as np
import pytest

from garment_uv.datasets.open._mesh import border_vertices, edges_of
from garment_uv.datasets.open._tube import columns_per_edge, pleat_offsets
from garment_uv.datasets.open.outfits import GarmentCut
from tests.garment_uv.datasets.open.test_tailor import borders

HIPS = -0.025


def skirt(bottom=-0.6, **cut):
    return GarmentCut("Skirt", "cotton", 0.3, 0.09, bottom, **({"flare": 0.1, "fullness": 0.1} | cut))


def hem(pattern):
    """The lowest row, [C, 3]."""
    end = len(pattern.canonical) - len(pattern.twins)
    return pattern.canonical[end - len(pattern.loop) : end]


def around(row):
    return np.linalg.norm(np.roll(row, -1, axis=0) - row, axis=1).sum()


def test_a_tilted_hem_differs_between_the_sides_by_what_is_drawn(stage):
    row = hem(stage.tailor.pattern(skirt(tilt=0.2)))
    left, right = row[row[:, 0].argmax(), 2], row[row[:, 0].argmin(), 2]
    assert left - right == pytest.approx(0.2, abs=0.01)
    assert (left + right) / 2 == pytest.approx(-0.6, abs=0.01)
    middle = row[np.abs(row[:, 0]) < 0.02, 2]
    np.testing.assert_allclose(middle, -0.6, atol=0.02)


def test_a_dipped_hem_is_lower_behind(stage):
    row = hem(stage.tailor.pattern(skirt(dip=0.2)))
    front, behind = row[row[:, 1].argmin(), 2], row[row[:, 1].argmax(), 2]
    assert front - behind == pytest.approx(0.2, abs=0.01)


def test_an_uppers_hem_tilts_too(stage):
    cut = GarmentCut("Top", "cotton", 0.3, None, 0.1, (0.09, 0.13, 0.02), 0.16, 0.3, tilt=0.06)
    pattern = stage.tailor.pattern(cut)
    rim = pattern.canonical[border_vertices(pattern.faces)]
    rim = rim[rim[:, 2] < 0.2]
    assert rim[rim[:, 0].argmax(), 2] - rim[rim[:, 0].argmin(), 2] == pytest.approx(0.06, abs=0.01)


@pytest.mark.parametrize("slits", [((0.0, -0.3),), ((0.0, -0.3), (np.pi, -0.25)), ((np.pi / 2, -0.4),)], ids=len)
def test_a_slit_opens_the_border_up_to_its_end(stage, slits):
    plain, cut = stage.tailor.pattern(skirt()), stage.tailor.pattern(skirt(slits=slits))
    assert borders(cut.faces) == borders(plain.faces) == 2, "a slit is part of the hem's border"
    assert len(cut.twins) == len(cut.canonical) - len(plain.canonical) > 0
    count = len(cut.canonical)
    assert count - len(edges_of(cut.faces)) + len(cut.faces) == 0
    rim = cut.canonical[border_vertices(cut.faces)]
    inner = rim[(rim[:, 2] < -0.1) & (rim[:, 2] > -0.58)]
    assert inner[:, 2].max() == pytest.approx(max(height for _, height in slits), abs=0.02)
    for angle, height in slits:
        near = inner[np.cos(np.arctan2(inner[:, 1] - 0.03, inner[:, 0]) - angle) > 0.9]
        assert near[:, 2].max() == pytest.approx(height, abs=0.02)
    gap = np.linalg.norm(cut.canonical[cut.twins] - cut.canonical[count - len(cut.twins) :], axis=1)
    assert gap.min() > 0 and 0.004 < gap.max() < 0.04


def test_pleats_add_the_drawn_width():
    angle = np.linspace(0, 2 * np.pi, 144, endpoint=False)
    ring = np.stack([0.2 * np.cos(angle), 0.2 * np.sin(angle), np.zeros(144)], axis=1)
    rows = ring + np.array([0, 0, 1.0]) * np.linspace(-0.04, -0.6, 30)[:, None, None]
    offsets = pleat_offsets(skirt(pleats=18, pleat_width=0.5), rows)
    out = rows + ring / 0.2 * offsets[..., None]
    assert around(out[-1]) / around(rows[-1]) == pytest.approx(1.5, abs=0.03)
    assert around(out[0]) / around(rows[0]) < 1.05, "they open below the hips"
    assert np.sum(np.diff(np.sign(offsets[-1] + 1e-9)) != 0) in (35, 36), "18 out and 18 in"


def test_wide_skirts_have_columns_enough(stage):
    wide = stage.tailor.pattern(skirt(flare=0.36, fullness=0.25))
    assert columns_per_edge(wide.cut) == 2 and len(wide.loop) == 144
    assert borders(wide.faces) == 2
    assert len(wide.canonical) - len(edges_of(wide.faces)) + len(wide.faces) == 0
    np.testing.assert_allclose(np.asarray(wide.weights.sum(axis=1)).ravel(), 1, atol=1e-9)
    assert columns_per_edge(GarmentCut("Skirt", "cotton", 0.3, 0.09, -0.6, flare=0.36)) == 1, "as in the first sets"
