import numpy as np

from garment_uv.geometry.edges import adjacency, spread_rings
from garment_uv.registration.masks import clean, ring


def sheet(count):
    index = np.arange(count * count).reshape(count, count)
    quads = np.stack([index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]], axis=-1).reshape(-1, 4)
    return adjacency(np.concatenate([quads[:, :3], quads[:, [0, 2, 3]]]), count * count)


def test_holes_are_filled_and_islands_dropped():
    mask = np.zeros((40, 40), bool)
    mask[5:30, 5:30] = True
    wanted = mask.copy()
    mask[10:12, 10:12] = False
    mask[36:38, 36:38] = True
    cleaned = clean(sheet(40), mask.ravel(), np.ones(1600, bool)).reshape(40, 40)
    assert (cleaned != wanted).sum() <= 8, "only corners may be rounded"
    assert cleaned[10, 10] and not cleaned[36:, 36:].any()


def test_vertices_of_no_face_are_never_covered():
    used = np.ones((20, 20), bool)
    used[8] = False
    cleaned = clean(sheet(20), np.ones(400, bool), used.ravel())
    np.testing.assert_array_equal(cleaned.reshape(20, 20), used)


def test_an_empty_mask_stays_empty():
    assert not clean(sheet(10), np.zeros(100, bool), np.ones(100, bool)).any()


def test_the_ring_lies_just_outside():
    mask = np.zeros((12, 12), bool)
    mask[4:8, 4:8] = True
    around = ring(sheet(12), mask.ravel()).reshape(12, 12)
    assert not (around & mask).any() and around[3, 5] and around[8, 5] and not around[2, 5]


def test_values_spread_to_wanted_vertices_only():
    known = np.zeros(100, bool)
    known[[0, 1]] = True
    wanted = np.arange(100) < 50
    filled, _ = spread_rings(sheet(10), np.where(known[:, None], 3.0, np.nan), known, known | wanted)
    np.testing.assert_allclose(filled[:50], 3.0)
    assert not filled[60:].any()
