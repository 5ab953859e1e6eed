import json

import pytest

from garment_uv.errors import UserError
from garment_uv.geometry.s2s import S2S
from garment_uv.metrics.aggregate import GarmentScore, S2STable

SCORES = [
    GarmentScore("Skirt", S2S(30.0, 50.0)),
    GarmentScore("Top", S2S(10.0, 20.0)),
    GarmentScore("Top", S2S(20.0, 30.0), missing=True),
    GarmentScore("Top", S2S(30.0, 40.0)),
]


def test_each_garment_counts_once_in_all_and_each_class_once_in_macro():
    table = S2STable.from_scores(SCORES)
    assert list(table.classes) == ["Top", "Skirt"]
    top = table.classes["Top"]
    assert (top.samples, top.missing, top.pred_to_true_mm, top.true_to_pred_mm) == (3, 1, 20.0, 30.0)
    assert (table.all.samples, table.all.mean_mm) == (4, pytest.approx((3 * 25 + 40) / 4))
    assert (table.macro.samples, table.macro.mean_mm) == (4, pytest.approx((25 + 40) / 2))
    assert table.all.sum_mm == pytest.approx(2 * table.all.mean_mm)


def test_the_order_of_scores_does_not_matter():
    assert S2STable.from_scores(SCORES[::-1]).all.mean_mm == pytest.approx(S2STable.from_scores(SCORES).all.mean_mm)


def test_metric_names_for_logging():
    values = S2STable.from_scores(SCORES).to_dict()
    assert values["s2s/all"] == pytest.approx(28.75) and values["s2s/Top"] == 25 and values["s2s/macro"] == 32.5
    assert values["s2s_directions/all_pred_to_true"] == pytest.approx(22.5)
    assert values["s2s_directions/Skirt_true_to_pred"] == 50
    assert values["s2s_directions/all_sum"] == pytest.approx(57.5) and values["s2s/missing"] == 1
    assert all(isinstance(value, float) for value in values.values())
    assert not any("Dress" in name for name in values)


def test_the_table_goes_through_json():
    table = S2STable.from_scores(SCORES)
    assert S2STable.from_plain(json.loads(json.dumps(table.plain()))) == table


def test_the_printed_table_lines_up():
    lines = S2STable.from_scores(SCORES).text().splitlines()
    assert [line.split()[0] for line in lines] == ["class", "Top", "Skirt", "all", "macro"]
    assert len({len(line) for line in lines}) == 1 and "28.8" in lines[3]


def test_no_scores_are_an_error():
    with pytest.raises(UserError, match="no garment was scored"):
        S2STable.from_scores([])
