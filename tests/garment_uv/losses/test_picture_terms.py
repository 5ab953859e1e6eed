"""Outfit and parsing against counts and sums made by hand."""

import numpy as np
import pytest
import torch

from garment_uv.classes import CLASS_IDS, COMBINATIONS
from garment_uv.losses.means import mean_of
from garment_uv.losses.picture_terms import BACKGROUND, outfit_of, outfit_term, parsing_term


def test_every_combination_is_told_from_its_vertices_and_what_is_none_is_left_out():
    rows = [[CLASS_IDS[name] for name in names] for names in COMBINATIONS]
    classes = torch.zeros(len(rows), 9, dtype=torch.int64)
    for row, ids in enumerate(rows):
        for place, number in enumerate(ids):
            classes[row, 2 * place : 2 * place + 2] = number
    assert outfit_of(classes).tolist() == list(range(len(COMBINATIONS)))
    odd = torch.tensor([[1, 2, 3, 0], [3, 4, 0, 0], [5, 1, 0, 0]])  # two uppers; two lowers; a jumpsuit under a top
    assert outfit_of(odd).tolist() == [-1, -1, -1]
    both = torch.cat([classes[:1, :4], odd[:1]])
    share = outfit_term(torch.zeros(2, len(COMBINATIONS)), both)
    assert share.count == 1 and share.total.item() == pytest.approx(np.log(len(COMBINATIONS)))


def test_combinations_are_every_upper_with_every_lower_each_class_alone_and_nothing():
    pairs = {names for names in COMBINATIONS if len(names) == 2}
    assert pairs == {(upper, lower) for upper in ("Top", "Tshirt") for lower in ("Trousers", "Skirt")}
    assert {names[0] for names in COMBINATIONS if len(names) == 1} == set(CLASS_IDS) and () in COMBINATIONS


def test_parsing_is_a_mean_in_which_the_background_counts_little():
    labels = torch.zeros(1, 8, 8, dtype=torch.uint8)
    labels[0, 2:6, 4:6] = 3
    labels[0, 6:, :] = 7
    logits = torch.randn(1, 8, 8, 8, generator=torch.Generator().manual_seed(0))
    found = mean_of([parsing_term(logits, torch.tensor([[0.0, 0.0, 1.0]]), labels)])  # the square is the whole picture
    chances = np.exp(logits[0].numpy()) / np.exp(logits[0].numpy()).sum(axis=0)
    weights = np.where(labels[0].numpy() > 0, 1.0, BACKGROUND)
    losses = -np.log(np.take_along_axis(chances, labels.numpy().astype(int), axis=0)[0])
    assert found.item() == pytest.approx((weights * losses).sum() / weights.sum(), rel=1e-5)


def test_the_labels_are_those_of_the_squares_own_pixels():
    labels = torch.zeros(1, 100, 100, dtype=torch.uint8)
    labels[0, 60:80, 20:40] = 5  # centre at -0.4 to the right and 0.4 down, half a side 0.2
    sure = torch.full((1, 8, 6, 6), -20.0)
    sure[:, 5] = 20.0
    assert mean_of([parsing_term(sure, torch.tensor([[-0.4, 0.4, 0.2]]), labels)]).item() < 1e-6
    assert mean_of([parsing_term(sure, torch.tensor([[0.4, 0.4, 0.2]]), labels)]).item() > 10
