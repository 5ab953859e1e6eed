"""Pooling under masks, against sums written out."""

import pytest
import torch

from garment_uv.networks.config import LocalBranchConfig
from garment_uv.networks.local_path import ClassFeatureHead
from garment_uv.uv.segments import class_masks


@pytest.mark.parametrize("pooling", ["mask", "image"])
def test_logits_are_of_the_pooled_masked_features(pooling):
    torch.manual_seed(0)
    head = ClassFeatureHead(LocalBranchConfig(features=4, class_pooling=pooling))
    features = torch.randn(2, 4, 8, 8)
    segments = torch.zeros(2, 8, 8, dtype=torch.int64)
    segments[0, 1:3, 2:6], segments[0, 5, 5], segments[1, :, 0] = 2, 5, 2
    logits = head(features, class_masks(segments))
    assert logits.shape == (2, 6, 6)
    for sample, garment in ((0, 2), (0, 5), (1, 2)):
        chosen = features[sample][:, segments[sample] == garment]
        pooled = chosen.mean(dim=1) if pooling == "mask" else chosen.sum(dim=1) / 64
        torch.testing.assert_close(logits[sample, garment - 1], head.linear(pooled))
    torch.testing.assert_close(logits[1, 4], head.linear.bias)


def test_a_small_garment_weighs_as_much_as_a_large_one_under_the_mask():
    head = ClassFeatureHead(LocalBranchConfig(features=4, class_pooling="mask"))
    features = torch.ones(1, 4, 16, 16)
    small, large = torch.zeros(1, 16, 16, dtype=torch.int64), torch.zeros(1, 16, 16, dtype=torch.int64)
    small[0, 3, 3], large[0] = 1, 1
    logits = [head(features, class_masks(segments))[0, 0] for segments in (small, large)]
    torch.testing.assert_close(*logits)


def test_half_precision_features_are_summed_in_float32():
    head = ClassFeatureHead(LocalBranchConfig(features=1, class_pooling="mask"))
    features = torch.full((1, 1, 256, 256), 8.0, dtype=torch.float16)
    segments = torch.ones(1, 256, 256, dtype=torch.int64)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = head(features, class_masks(segments))
    torch.testing.assert_close(logits[0, 0], head.linear(torch.tensor([8.0])))
