"""The published ablation: its rows, its order, and the config changes that stand for it."""

from pathlib import Path

from garment_uv.config import parse_assignments
from garment_uv.metrics.published import ABLATION, PUBLISHED_COLUMNS, PUBLISHED_MM
from garment_uv.training.trial import TrialConfig

README = Path(__file__).parents[3] / "experiments" / "README.md"


def test_every_published_row_is_a_config_of_its_own():
    assert list(ABLATION) == list(PUBLISHED_MM)
    assert all(len(figures) == len(PUBLISHED_COLUMNS) for figures in PUBLISHED_MM.values())
    digests = {TrialConfig().with_values(changes).digest() for changes in ABLATION.values()}
    assert len(digests) == 6


def test_the_published_order_of_importance():
    last = {row: figures[-1] for row, figures in PUBLISHED_MM.items()}
    ranked = sorted(last, key=last.get, reverse=True)
    assert ranked[:3] == ["- displacement maps", "- local generator", "- inpainting"] and ranked[-1] == "full"


def test_the_readme_names_the_same_changes():
    lines = [line.split("|") for line in README.read_text().splitlines() if line.startswith("| - ")]
    told = {cells[1].strip(): parse_assignments(cells[2].strip().strip("`").split()) for cells in lines}
    assert {row: told[row] for row in ABLATION if row != "full"} == {k: v for k, v in ABLATION.items() if k != "full"}
