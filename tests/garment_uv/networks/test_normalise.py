"""Instance normalisation in both memory layouts against torch's own."""

import pytest
import torch

from garment_uv.networks.blocks import InstanceNorm

LAYOUTS = (torch.contiguous_format, torch.channels_last)


def _made(dtype: torch.dtype, layout: torch.memory_format, batch: int = 3):
    randoms = torch.Generator().manual_seed(1)
    features = 4 * torch.randn(batch, 5, 6, 7, generator=randoms, dtype=torch.float64) + 100
    norm = InstanceNorm(5).to(dtype)
    with torch.no_grad():
        norm.weight.copy_(torch.randn(5, generator=randoms))
        norm.bias.copy_(torch.randn(5, generator=randoms))
    return norm, features.to(dtype).contiguous(memory_format=layout).requires_grad_()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("batch", (1, 3))
def test_values_and_gradients_are_those_of_torch(layout: torch.memory_format, batch: int) -> None:
    norm, features = _made(torch.float64, layout, batch)
    theirs = torch.nn.InstanceNorm2d(5, affine=True).double()
    theirs.load_state_dict(norm.state_dict())
    asked = torch.randn(batch, 5, 6, 7, dtype=torch.float64)
    (norm(features) * asked).sum().backward()
    found = [features.grad.clone(), norm.weight.grad, norm.bias.grad]
    features.grad = None
    answer = theirs(features)
    (answer * asked).sum().backward()
    torch.testing.assert_close(norm(features), answer, rtol=1e-10, atol=1e-10)
    for own, other in zip(found, (features.grad, theirs.weight.grad, theirs.bias.grad), strict=True):
        torch.testing.assert_close(own, other, rtol=1e-8, atol=1e-10)


def test_gradients_by_finite_differences() -> None:
    norm, features = _made(torch.float64, torch.channels_last, 2)
    assert torch.autograd.gradcheck(norm, (features,), eps=1e-5, atol=1e-5)


def test_layout_and_half_precision_are_kept() -> None:
    norm, features = _made(torch.float32, torch.channels_last)
    half = features.detach().bfloat16()
    answer = norm(half)
    assert answer.dtype == torch.bfloat16
    assert answer.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(answer.float(), norm(half.float()), rtol=0.01, atol=0.02)
