"""What a sequence's entry tells of maps that do not give back their vertices."""

import numpy as np
import pytest

from garment_uv.samples.fill_error import TOLD, MapFiller
from garment_uv.samples.manifest import SequenceEntry
from garment_uv.uv.sampling import read_vertices
from tests.garment_uv.cylinder import cylinder_atlas


def test_the_worst_of_all_frames_is_told_with_its_vertices():
    atlas = cylinder_atlas()
    made = MapFiller(atlas, "exact")
    rng, mask = np.random.default_rng(0), np.arange(atlas.num_vertices) % 5 > 0
    made.fill(np.full((atlas.num_vertices, 3), 0.01), mask)
    assert made.error().off == 0 and made.error().worst_mm < 0.01
    errors = np.zeros(atlas.num_vertices)
    for _ in range(2):
        values = np.where(mask[:, None], rng.choice([-0.1, 0.1], (atlas.num_vertices, 3)), 0)
        off = np.linalg.norm(read_vertices(atlas, made.fill(values, mask)) - values, axis=1)
        errors = np.maximum(errors, np.where(mask, off, 0))
    told = made.error()
    worst = np.argsort(-errors, kind="stable")[: min(TOLD, told.off)]
    assert told.off == (errors > 5e-5).sum() and list(told.vertices) == worst.tolist()
    assert told.worst_mm == pytest.approx(1000 * errors.max(), abs=1e-3)


@pytest.mark.parametrize("fill", ("least_norm", "none"))
def test_a_fill_that_is_not_meant_to_be_exact_tells_nothing(fill):
    made = MapFiller(cylinder_atlas(), fill)
    made.fill(np.zeros((cylinder_atlas().num_vertices, 3)), np.ones(cylinder_atlas().num_vertices, bool))
    assert made.error() is None
    entry = SequenceEntry(split="train", sequence="00001", frames=1, garments=("Top",), topology="default")
    assert "fill_error" not in entry.plain()
