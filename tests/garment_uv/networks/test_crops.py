"""Pieces cut from features, against plain slicing."""

import torch

from garment_uv.networks.local_path import Box, MaskedCrops, on_canvas

BOXES = [
    Box(0, 2, slice(0, 4), slice(1, 6)),
    Box(1, 2, slice(2, 8), slice(0, 8)),
    Box(1, 0, slice(3, 5), slice(3, 4)),
]


def test_pieces_and_gradients_are_those_of_slicing() -> None:
    randoms = torch.Generator().manual_seed(0)
    features = torch.randn(2, 3, 8, 8, generator=randoms).requires_grad_()
    masks = [
        torch.rand(1, 1, box.rows.stop - box.rows.start, box.columns.stop - box.columns.start, generator=randoms)
        .gt(0.5)
        .float()
        for box in BOXES
    ]
    plain = [features[b.sample, None, :, b.rows, b.columns] * mask for b, mask in zip(BOXES, masks, strict=True)]
    (wanted,) = torch.autograd.grad(sum(piece.square().sum() for piece in plain), features)
    pieces = MaskedCrops.apply(features, BOXES, *masks)
    (found,) = torch.autograd.grad(sum(piece.square().sum() for piece in pieces), features)
    assert all(torch.equal(piece, other) for piece, other in zip(pieces, plain, strict=True))
    torch.testing.assert_close(found, wanted)


def test_no_piece_at_all() -> None:
    assert MaskedCrops.apply(torch.zeros(1, 2, 4, 4, requires_grad=True), []) == ()


def test_a_piece_lies_where_its_box_is() -> None:
    piece = torch.ones(1, 2, 4, 5)
    canvas = on_canvas(piece, BOXES[0], (8, 8))
    assert canvas.shape == (2, 8, 8)
    assert canvas.sum() == piece.sum() == canvas[:, 0:4, 1:6].sum()
