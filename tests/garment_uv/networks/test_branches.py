"""Branches computed where needed equal the plain loop inside the masks, values and gradients alike."""

import copy

import pytest
import torch

from garment_uv.errors import UserError
from garment_uv.networks.config import LocalBranchConfig
from garment_uv.networks.local_path import Aggregation, ClassBranches, branch_classes
from garment_uv.uv.segments import class_masks, grow
from garment_uv.uv.units import MAP_UNITS

UNIT = MAP_UNITS["displacement"]

BOUND = 20.0
"""1 m in units of 5 cm."""


def branches_of(seed: int = 0, **values) -> tuple[LocalBranchConfig, ClassBranches]:
    torch.manual_seed(seed)
    config = LocalBranchConfig(features=5, **values)
    branches = ClassBranches(config, UNIT)
    for parameter in branches.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return config, branches.double()


def plain_loop(branches: ClassBranches, features, masks):
    """Every branch on every sample over the whole map, then masked."""
    maps = []
    for index, branch in enumerate(branches.branches):
        mask = masks[:, index : index + 1]
        raw = branch(features * mask)
        maps.append(BOUND * torch.tanh(raw / BOUND) * mask)
    return torch.stack(maps, dim=1)


def blobs(batch: int = 3, size: int = 24) -> torch.Tensor:
    segments = torch.zeros(3, size, size, dtype=torch.int64)
    segments[0, 2:9, 1:5], segments[0, 9:15, 3:20] = 1, 3
    segments[1, 0:24, 20:24] = 3
    segments[2, 23, 23], segments[2, 5:8, 5:8] = 6, 6
    return segments[:batch]


@pytest.mark.parametrize("mode", ["per_class", "grouped", "shared"])
@pytest.mark.parametrize(("depth", "kernel"), [(1, 7), (1, 1), (2, 5), (3, 3), (4, 7)])
def test_equal_to_the_plain_loop_with_its_gradients(mode, depth, kernel):
    _, branches = branches_of(mode=mode, depth=depth, kernel=kernel)
    reference = copy.deepcopy(branches)
    masks = branches.branch_masks(grow(class_masks(blobs()))).double()
    features = torch.randn(3, 5, 24, 24, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(3, len(branches.classes), 3, 24, 24, dtype=torch.float64)

    ours = branches(features, masks)
    (ours * weight).sum().backward()
    ours_grad, features.grad = features.grad, None
    loop = plain_loop(reference, features, masks)
    (loop * weight).sum().backward()

    torch.testing.assert_close(ours, loop)
    torch.testing.assert_close(ours_grad, features.grad)
    for (name, a), b in zip(branches.named_parameters(), reference.named_parameters(), strict=True):
        found = torch.zeros_like(a) if a.grad is None else a.grad
        torch.testing.assert_close(found, b[1].grad, msg=name)


def test_each_class_is_masked_by_its_own_segments_and_nothing_else():
    _, branches = branches_of(kernel=3)
    masks = class_masks(blobs()).double()
    maps = branches(torch.randn(3, 5, 24, 24, dtype=torch.float64), masks)
    for index in range(6):
        filled = (maps[:, index] != 0).any(dim=1)
        assert torch.equal(filled, blobs() == index + 1), index


def test_absent_branches_get_no_gradient_and_empty_batches_are_zero():
    _, branches = branches_of()
    features = torch.randn(2, 5, 24, 24, dtype=torch.float64, requires_grad=True)
    present = {0, 2}
    branches(features, class_masks(blobs(2)).double()).sum().backward()
    for index, branch in enumerate(branches.branches):
        assert (branch[0].weight.grad is not None) == (index in present)
    empty = branches(features, torch.zeros(2, 6, 24, 24, dtype=torch.float64))
    assert empty.shape == (2, 6, 3, 24, 24) and not empty.any()


def test_which_classes_share_a_branch():
    assert branch_classes(LocalBranchConfig(mode="per_class")) == [[0], [1], [2], [3], [4], [5]]
    assert branch_classes(LocalBranchConfig(mode="grouped")) == [[0, 1], [2, 4], [3, 5]]
    assert branch_classes(LocalBranchConfig(mode="shared")) == [[0, 1, 2, 3, 4, 5]]
    assert branch_classes(LocalBranchConfig(mode="none")) == []
    with pytest.raises(UserError, match="exactly once"):
        LocalBranchConfig(groups=(("Top",), ("Top", "Dress")))


def test_aggregations():
    maps = torch.randn(2, 6, 3, 8, 8)
    masks = torch.zeros(2, 6, 8, 8)
    masks[:, 1], masks[:, 2, 4:] = 1, 1
    maps = maps * masks.unsqueeze(2)
    aggregated = {}
    for method in ("concat", "sum", "mean"):
        aggregation = Aggregation(LocalBranchConfig(aggregation=method))
        aggregation.start_as_sum()
        aggregated[method] = aggregation(maps, masks)
    torch.testing.assert_close(aggregated["sum"], maps[:, 1] + maps[:, 2])
    torch.testing.assert_close(aggregated["concat"], aggregated["sum"])
    torch.testing.assert_close(aggregated["mean"][:, :, :4], maps[:, 1, :, :4])
    torch.testing.assert_close(aggregated["mean"][:, :, 4:], (maps[:, 1] + maps[:, 2])[:, :, 4:] / 2)
