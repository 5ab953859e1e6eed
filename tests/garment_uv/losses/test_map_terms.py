"""L1 on the map, smooth L1 on vertices, cross-entropies: against values worked out by hand."""

import math

import pytest
import torch

from garment_uv.losses.map_terms import classification_term, mesh_term, segments_loss, uv_outside_term, uv_term
from garment_uv.losses.means import MaskedMean, masked_mean, mean_of


def mean(share):
    """The mean of what a function gives a share of."""
    return lambda *arguments: mean_of([share(*arguments)])


def test_uv_is_the_mean_in_cm_inside_the_grown_mask():
    true = torch.zeros(1, 3, 16, 16)
    segments = torch.zeros(1, 16, 16, dtype=torch.int64)
    segments[0, 8, 8] = 4
    predicted = torch.full_like(true, 0.5)
    predicted[..., 6:11, 6:11] = 0.02
    assert mean(uv_term)(predicted, true, segments).item() == pytest.approx(2.0)
    predicted[..., 6, 6] = 0.27
    assert mean(uv_term)(predicted, true, segments).item() == pytest.approx(3.0)


def test_outside_is_the_mean_of_all_that_the_grown_mask_leaves_out():
    true = torch.zeros(1, 3, 16, 16)
    segments = torch.zeros(1, 16, 16, dtype=torch.int64)
    segments[0, 8, 8] = 4
    predicted = torch.full_like(true, 0.03)
    predicted[..., 6:11, 6:11] = float("nan")
    assert mean(uv_outside_term)(predicted, true, segments).item() == pytest.approx(3.0)
    predicted[..., 0, 0] = 0.03 + 0.01 * (16 * 16 - 25)
    assert mean(uv_outside_term)(predicted, true, segments).item() == pytest.approx(4.0)
    everywhere = torch.ones_like(segments)
    assert mean(uv_outside_term)(torch.zeros_like(true), true, everywhere).item() == 0


def test_uv_does_not_care_whether_maps_are_displacements_or_positions():
    true, predicted, body = (torch.randn(2, 3, 8, 8) for _ in range(3))
    segments = torch.ones(2, 8, 8, dtype=torch.int64)
    as_positions = mean(uv_term)(predicted + body, true + body, segments)
    torch.testing.assert_close(mean(uv_term)(predicted, true, segments), as_positions)


def test_mesh_is_squared_below_a_centimetre_and_linear_above():
    true = torch.zeros(1, 3, 3)
    predicted = torch.zeros(1, 3, 3)
    predicted[0, 0] = 0.004
    predicted[0, 1] = 0.05
    predicted[0, 2] = 9.0
    classes = torch.tensor([[1, 6, 0]])
    expected = (0.5 * 0.4**2 + (5 - 0.5)) / 2
    assert mean(mesh_term)(predicted, true, classes).item() == pytest.approx(expected, rel=1e-5)


def test_classification_against_hand_values():
    logits = torch.zeros(1, 6, 6)
    present = torch.zeros(1, 6, dtype=torch.bool)
    present[0, 2] = True
    assert mean(classification_term)(logits, present).item() == pytest.approx(math.log(6))
    logits[0, 2, 2] = 100
    assert mean(classification_term)(logits, present).item() == pytest.approx(0, abs=1e-6)
    logits[0, 3, 0] = 1e4
    assert mean(classification_term)(logits, present).item() == pytest.approx(0, abs=1e-6)


def test_classification_does_not_change_with_the_batch_size():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(1, 6, 6, generator=generator)
    present = torch.tensor([[True, False, True, False, False, False]])
    one = mean(classification_term)(logits, present)
    for batch in (2, 5):
        many = mean(classification_term)(logits.expand(batch, -1, -1), present.expand(batch, -1))
        torch.testing.assert_close(many, one)
    other = torch.randn(1, 6, 6, generator=generator)
    worn = torch.tensor([[False, False, False, False, False, True]])
    together = mean(classification_term)(torch.cat((logits, other)), torch.cat((present, worn)))
    torch.testing.assert_close(together, (2 * one + mean(classification_term)(other, worn)) / 3)


def test_segments_is_the_mean_cross_entropy():
    logits = torch.randn(2, 7, 4, 4)
    segments = torch.randint(0, 7, (2, 4, 4))
    chosen = logits.log_softmax(dim=1).gather(1, segments.unsqueeze(1))
    torch.testing.assert_close(segments_loss(logits, segments), -chosen.mean())
    assert segments_loss(logits.half(), segments).dtype == torch.float32


def test_means_leave_out_what_is_masked_even_if_it_is_not_finite():
    values = torch.tensor([1.0, float("nan"), 3.0], requires_grad=True)
    found = mean(masked_mean)(values, torch.tensor([1.0, 0.0, 1.0]))
    found.backward()
    assert found.item() == 2 and values.grad.tolist() == [0.5, 0, 0.5]
    empty = MaskedMean(torch.tensor(0.0), torch.tensor(0))
    assert mean_of([empty, MaskedMean(torch.tensor(6.0), torch.tensor(2))]).item() == 3
    assert mean_of([empty]).item() == 0
