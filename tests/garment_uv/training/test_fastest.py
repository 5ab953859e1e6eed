"""Which precision 'auto' takes, and that memory saved costs no number."""

import torch

from garment_uv.networks.blocks import ResidualBlock, recompute_residuals
from garment_uv.networks.config import GeneratorConfig
from garment_uv.training import fastest
from garment_uv.training.allocator import keep_freed_memory
from garment_uv.training.device import place
from tests.garment_uv.cylinder import small_config, write_dataset

CPU = torch.device("cpu")
SMALL = GeneratorConfig(base_features=4)


def test_half_precision_is_taken_only_where_it_is_faster(monkeypatch) -> None:
    for fast, slow, wanted in ((True, False, "bf16"), (False, True, "fp32")):
        cost = {fast: 1.0, slow: 3.0}
        monkeypatch.setattr(fastest, "_seconds", lambda block, features, half, device, cost=cost: cost[half])
        assert fastest.fastest_precision(SMALL, 32, CPU) == wanted


def test_a_real_measurement_answers_and_leaves_the_random_numbers_alone() -> None:
    before = torch.get_rng_state()
    assert fastest.fastest_precision(SMALL, 32, CPU) in ("fp32", "bf16")
    assert torch.equal(before, torch.get_rng_state())


def test_recomputed_blocks_give_the_same_numbers() -> None:
    found = []
    for recompute in (False, True):
        torch.manual_seed(3)
        block = place(ResidualBlock(6), CPU)
        recompute_residuals(block, recompute)
        features = torch.randn(2, 6, 8, 8, requires_grad=True)
        answer = block(features)
        answer.square().sum().backward()
        found.append([answer, features.grad, *(parameter.grad for parameter in block.parameters())])
    assert all(torch.equal(kept, again) for kept, again in zip(*found, strict=True))


def test_the_allocator_of_linux_can_be_told() -> None:
    assert keep_freed_memory() in (True, False)


def test_auto_goes_on_in_the_precision_that_it_began_in(tmp_path, monkeypatch) -> None:
    from garment_uv.samples.source import FolderSource
    from garment_uv.training import trainer as module

    write_dataset(tmp_path / "data")
    source = FolderSource(tmp_path / "data")
    config = small_config().with_values({"data.uri": str(tmp_path / "data"), "training.precision": "auto"})
    monkeypatch.setattr(module, "fastest_precision", lambda *about: "bf16")
    first = module.Trainer(config, source)
    first.train_epoch()
    first.save(tmp_path / "checkpoint")
    monkeypatch.setattr(module, "fastest_precision", lambda *about: "fp32")
    second = module.Trainer(config, source)
    assert second._precision.name == "fp32"
    second.load(tmp_path / "checkpoint")
    assert second._precision.name == "bf16"
    first.close()
    second.close()
