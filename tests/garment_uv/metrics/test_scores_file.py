"""The file of all scores of an evaluation."""

import pytest

from garment_uv.errors import UserError
from garment_uv.geometry.s2s import S2S
from garment_uv.metrics.aggregate import GarmentScore
from garment_uv.metrics.scores_file import SampleScore, read_scores, write_scores

SCORES = [
    SampleScore.of("val-00120-0003", GarmentScore("Top", S2S(10.25, 12.5))),
    SampleScore("val-a-b-0003", "Dress", 1.0, 3.0, missing=True),
]


def test_scores_come_back_and_name_their_sequences(tmp_path):
    write_scores(SCORES, tmp_path / "scores")
    found = read_scores(tmp_path / "scores" / "scores.json")
    assert found == SCORES
    assert [item.score for item in found] == [
        GarmentScore("Top", S2S(10.25, 12.5)),
        GarmentScore("Dress", S2S(1.0, 3.0), missing=True),
    ]
    assert [item.mean_mm for item in found] == [11.375, 2.0]
    assert [item.sequence for item in found] == ["val-00120", "val-a-b"]


@pytest.mark.parametrize("text", ["", "[1]", '[{"sample": "a"}]', '{"a": 1}'])
def test_a_damaged_file_is_refused_in_one_line(tmp_path, text):
    (tmp_path / "scores.json").write_text(text)
    with pytest.raises(UserError, match="cannot be read as scores"):
        read_scores(tmp_path / "scores.json")
    with pytest.raises(UserError, match="cannot be read as scores"):
        read_scores(tmp_path / "none.json")
