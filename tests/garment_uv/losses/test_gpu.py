"""Networks and losses on a CUDA device: the CPU's numbers, the same bits twice, half precision without overflow."""

import pytest
import torch

from garment_uv.losses.adversarial import DiscriminatorLoss, discriminator_maps
from garment_uv.losses.config import LossConfig
from garment_uv.losses.generator_loss import GeneratorLoss
from garment_uv.networks.config import DiscriminatorConfig, GeneratorConfig, LocalBranchConfig
from garment_uv.networks.discriminator import Discriminator
from garment_uv.networks.generator import GarmentGenerator

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device; none here"),
]


@pytest.fixture(autouse=True)
def exact_convolutions(monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    monkeypatch.setattr(torch.backends.cuda.matmul, "allow_tf32", False)
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", True)


def _step(atlas, batch, device, dtype=None):
    """Terms and gradients of one whole step."""
    torch.manual_seed(0)
    local = LocalBranchConfig(features=8, depth=2, kernel=3)
    generator = GarmentGenerator(GeneratorConfig(base_features=8, residual_blocks=2, local=local))
    discriminator = Discriminator(DiscriminatorConfig(base_features=8))
    generator.to(device), discriminator.to(device)
    loss, batch = GeneratorLoss(LossConfig(), atlas).to(device), batch.to(device)
    with torch.autocast(device, dtype=dtype or torch.bfloat16, enabled=dtype is not None):
        output = generator(batch.image, batch.body_uv, batch.camera, batch.segments)
        fake_maps, real_maps = discriminator_maps(output, batch, "displacement")
        fake, real = discriminator(fake_maps, batch.body_uv), discriminator(real_maps, batch.body_uv)
        terms = loss(output, batch, fake, real)
        terms["discriminator"] = DiscriminatorLoss()(real, fake)
    terms["total"].backward()
    gradients = {n: p.grad.cpu() for n, p in generator.named_parameters() if p.grad is not None}
    return {name: term.item() for name, term in terms.items()}, gradients


def test_the_gpu_gives_the_cpus_terms(atlas, make_batch):
    batch = make_batch(["default", "skirt", "default"])
    (here, there) = (_step(atlas, batch, device)[0] for device in ("cpu", "cuda"))
    assert here == pytest.approx(there, rel=2e-3, abs=1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_stays_finite_and_near(atlas, make_batch, dtype):
    batch = make_batch(["default", "skirt"])
    terms, gradients = _step(atlas, batch, "cuda", dtype)
    exact, _ = _step(atlas, batch, "cuda")
    assert terms == pytest.approx(exact, rel=0.05, abs=0.02)
    assert all(torch.isfinite(gradient).all() for gradient in gradients.values())


def test_the_same_seed_gives_the_same_terms_on_the_gpu(atlas, make_batch):
    batch = make_batch(["default", "skirt"])
    assert _step(atlas, batch, "cuda")[0] == _step(atlas, batch, "cuda")[0]
