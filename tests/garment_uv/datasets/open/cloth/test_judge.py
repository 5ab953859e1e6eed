import numpy as np
import pytest
import trimesh

from garment_uv.datasets.open.cloth.crossings import crossed_share
from garment_uv.datasets.open.cloth.judge import Judgement, Limits, faults, judge, strains
from garment_uv.datasets.open.collider import Collider
from tests.garment_uv.datasets.open.cloth.flat import flat_sheet, grid

FINE = Judgement("Skirt", strain99=0.2, inside=0.0, crossed=0.0, slip=0.01)


def test_strain_is_the_relative_change_of_length():
    sheet = flat_sheet(4, 4)
    np.testing.assert_allclose(strains(sheet.rest, sheet.rest * 1.25, sheet.faces), 0.25, atol=1e-6)
    np.testing.assert_allclose(strains(sheet.rest, sheet.rest * 0.8, sheet.faces), 0.2, atol=1e-6)


def test_two_strips_that_cross_are_seen_and_two_that_do_not_are_not():
    points, faces = grid(6, 2)
    upright = points[:, [1, 2, 0]] + [0.003, 0.004, 0.001]
    both = np.concatenate([faces, faces + len(points)])
    assert crossed_share(np.concatenate([points, upright]), both) > 0.05
    assert crossed_share(np.concatenate([points, upright + [0, 0, 0.2]]), both) == 0.0
    assert crossed_share(points, faces) == 0.0


def test_edges_count_by_their_length_at_rest_where_asked():
    points, faces = grid(6, 2)
    both = np.concatenate([faces, faces + len(points)])
    crossing = np.concatenate([points, points[:, [1, 2, 0]] + [0.003, 0.004, 0.001]])
    assert crossed_share(crossing, both, crossing) > 0.05
    shrunk = crossing.copy()
    middle = np.abs(crossing).max(axis=1) < 0.025
    shrunk[middle] *= 0.01
    assert crossed_share(crossing, both, shrunk) < crossed_share(crossing, both, crossing)


def test_what_lies_in_the_body_and_what_slipped_is_measured():
    mesh = trimesh.creation.icosphere(subdivisions=4, radius=0.5)
    body = Collider(mesh.vertices, mesh.faces)
    sheet = flat_sheet(4, 4)
    on = sheet.rest + [0, 0, 0.52]
    held = np.arange(5)
    fine = judge(sheet, on, body, held, on)
    assert fine.inside == 0.0 and fine.slip == 0.0 and fine.strain99 < 1e-6
    inside = judge(sheet, on - [0, 0, 0.05], body, held, on)
    assert inside.inside == 1.0 and inside.slip == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("figure", "value", "says"),
    [("strain99", 1.5, "strain"), ("inside", 0.04, "inside"), ("crossed", 0.5, "cross"), ("slip", 0.3, "slip")],
)
def test_a_fault_says_what_how_much_and_how_much_is_allowed(figure, value, says):
    bad = Judgement(**(FINE.__dict__ | {figure: value}))
    said = faults([FINE, bad], Limits())
    assert "Skirt" in said and says in said and f"{value:.3f}" in said and "at most" in said and "\n" not in said
    assert faults([FINE, FINE], Limits()) == ""


def test_a_figure_that_is_no_number_is_a_fault():
    assert faults([Judgement(**(FINE.__dict__ | {"strain99": float("nan")}))], Limits())
