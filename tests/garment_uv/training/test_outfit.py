"""Outfits that can be worn, in whole pieces."""

import numpy as np
import pytest

from garment_uv.classes import CLASS_IDS
from garment_uv.training.predict import OUTFITS, OutfitDecoder
from tests.garment_uv.cylinder import COLUMNS, ROWS, cylinder_atlas


@pytest.fixture(scope="module")
def decode():
    return OutfitDecoder(cylinder_atlas())


def certain(classes: np.ndarray, confidence: float = 0.9) -> np.ndarray:
    spread = np.full((len(classes), 7), (1 - confidence) / 6)
    spread[np.arange(len(classes)), classes] = confidence
    return spread


@pytest.mark.parametrize("outfit", OUTFITS)
def test_a_clear_answer_stays(decode, outfit):
    classes = np.zeros(ROWS * COLUMNS, np.int64)
    classes[: 8 * COLUMNS] = CLASS_IDS[outfit[-1]]
    classes[4 * COLUMNS : 8 * COLUMNS] = CLASS_IDS[outfit[0]]
    assert np.array_equal(decode(certain(classes)), classes)


def test_what_nobody_wears_together_is_decided_for_the_whole_body(decode):
    classes = np.full(ROWS * COLUMNS, CLASS_IDS["Jumpsuit"])
    classes[::4] = CLASS_IDS["Dress"]
    assert set(decode(certain(classes, 0.5))) == {CLASS_IDS["Jumpsuit"]}


def test_small_patches_and_holes_take_the_class_around_them(decode):
    classes = np.zeros((ROWS, COLUMNS), np.int64)
    classes[4:] = CLASS_IDS["Dress"]
    ragged = classes.copy()
    ragged[8, 3] = 0
    ragged[1, 5] = CLASS_IDS["Dress"]
    assert np.array_equal(decode(certain(ragged.ravel())), classes.ravel())


def test_certainty_of_zero_and_a_bare_body(decode):
    bare = np.zeros(ROWS * COLUMNS, np.int64)
    assert not decode(certain(bare, 1.0)).any()
    assert decode(np.full((len(bare), 7), 1 / 7)).shape == bare.shape
