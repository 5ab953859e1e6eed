"""Device and precision."""

import pytest
import torch

from garment_uv.errors import UserError
from garment_uv.training.device import Precision, resolve_device


def test_auto_finds_something_and_cpu_is_cpu():
    assert resolve_device("auto").type in ("cpu", "cuda")
    assert resolve_device("cpu") == torch.device("cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_cuda_without_cuda_says_how_to_mend_it():
    with pytest.raises(UserError, match="training.device=cpu") as caught:
        resolve_device("cuda")
    assert "\n" not in str(caught.value)


def test_fp16_needs_cuda():
    with pytest.raises(UserError, match="bf16"):
        Precision("fp16", torch.device("cpu"))


def test_bf16_computes_in_bf16_and_trains_in_fp32():
    layer = torch.nn.Linear(4, 4)
    optimiser = torch.optim.SGD(layer.parameters(), lr=0.1)
    precision = Precision("bf16", torch.device("cpu"))
    with precision.autocast():
        answer = layer(torch.ones(2, 4))
    assert answer.dtype == torch.bfloat16
    before = layer.weight.detach().clone()
    precision.step(answer.float().square().mean(), optimiser)
    assert layer.weight.dtype == torch.float32
    assert not torch.equal(layer.weight, before)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_fp16_scales_on_cuda():
    layer = torch.nn.Linear(4, 4).cuda()
    precision = Precision("fp16", torch.device("cuda"))
    optimiser = torch.optim.SGD(layer.parameters(), lr=0.1)
    with precision.autocast():
        answer = layer(torch.ones(2, 4, device="cuda"))
    assert answer.dtype == torch.float16
    precision.step(answer.float().square().mean(), optimiser)
    assert precision.scaler.get_scale() > 1
