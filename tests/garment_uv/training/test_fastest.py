"""Which precision, layout and compiling are taken where they are fastest, and that memory saved costs no number."""

from functools import partialmethod

import pytest
import torch

from garment_uv.networks.blocks import ResidualBlock, recompute_residuals
from garment_uv.networks.config import GeneratorConfig
from garment_uv.samples.source import FolderSource
from garment_uv.training import device as fastest
from garment_uv.training.device import place
from garment_uv.training.running import keep_freed_memory
from garment_uv.training.steps import Learners
from garment_uv.training.trainer import Trainer
from tests.garment_uv.cylinder import small_config, write_dataset

CPU = torch.device("cpu")
SMALL = GeneratorConfig(base_features=4)


def test_half_precision_is_taken_only_where_it_is_faster(monkeypatch) -> None:
    for fast, slow, wanted in ((True, False, "bf16"), (False, True, "fp32")):
        cost = {"bf16" if fast else "fp32": 1.0, "bf16" if slow else "fp32": 3.0}
        monkeypatch.setattr(fastest, "_seconds", lambda block, features, precision, cost=cost: cost[precision.name])
        assert fastest.fastest_precision(SMALL, 32, CPU) == wanted


def test_a_real_measurement_answers_and_leaves_the_random_numbers_alone() -> None:
    before = torch.get_rng_state()
    assert fastest.fastest_precision(SMALL, 32, CPU) in ("fp32", "bf16")
    assert torch.equal(before, torch.get_rng_state())


def test_each_layout_is_timed_with_weights_and_features_in_it(monkeypatch) -> None:
    seen = []

    def seconds(block, features, precision):
        layouts = [layout for layout in fastest._LAYOUTS if features.is_contiguous(memory_format=layout)]
        assert _convolution(block).is_contiguous(memory_format=layouts[0]) and len(layouts) == 1
        seen.append((precision.name, *layouts))
        return 1.0 if layouts == [torch.channels_last] else 2.0

    monkeypatch.setattr(fastest, "_seconds", seconds)
    ways = [("bf16", layout) for layout in fastest._LAYOUTS]
    taken = fastest.way_seconds(SMALL, 32, CPU, ways)
    assert taken == {("bf16", torch.contiguous_format): 2.0, ("bf16", torch.channels_last): 1.0}
    assert seen == ways * (fastest.TURNS + 1)


def test_on_the_cpu_the_layout_is_not_a_matter_of_timing() -> None:
    assert fastest.fastest_layout(SMALL, 32, CPU, "fp32") == torch.channels_last


def test_a_backbone_is_compiled_only_where_that_is_faster_and_gives_the_same_numbers(tmp_path, monkeypatch) -> None:
    write_dataset(tmp_path / "data")
    source, losses = FolderSource(tmp_path / "data"), {}
    config = small_config().with_values({"data.uri": str(tmp_path / "data"), "training.compile": "auto"})
    compiled = partialmethod(torch.nn.Module.compile, backend="eager")
    monkeypatch.setattr(torch.nn.Module, "compile", compiled)
    for wins in (True, False):
        costs = iter([2.0 if wins else 1.0] * 4 + [1.0 if wins else 2.0] * 4)
        monkeypatch.setattr(fastest, "_seconds", lambda *about, costs=costs: next(costs))
        trainer = Trainer(config, source)
        assert [module._compiled_call_impl is not None for module in trainer.generator.backbone()] == [wins] * 3
        losses[wins] = trainer.train_epoch().losses
        trainer.close()
    assert losses[True] == pytest.approx(losses[False], rel=1e-5)


def test_where_compiling_does_not_work_it_does_not_win(monkeypatch, caplog) -> None:
    for said, shown in (("no compiler\nand a long story", "no compiler"), ("", "RuntimeError")):

        def fails(module, said=said):
            raise RuntimeError(said)

        monkeypatch.setattr(torch.nn.Module, "compile", fails)
        assert not fastest.compiling_wins(SMALL, 32, CPU, "fp32", torch.channels_last)
        assert f"without it: {shown}" in caplog.text and "story" not in caplog.text


def test_learners_are_trained_on_in_the_layout_they_are_put_in() -> None:
    config, batch = small_config().with_values({"training.ema_decay": 0.5}), torch.randn(1, 6, 32, 32)
    for layout in fastest._LAYOUTS:
        learners = Learners(config, CPU)
        learners.lay_out(layout)
        for network in (learners.generator, learners.discriminator, learners.model):
            assert _convolution(network).is_contiguous(memory_format=layout)
        scores = learners.discriminator(batch[:, :3], batch[:, 3:])
        sum(score.square().sum() for score in scores[0]).backward()
        learners.optimisers["discriminator"].step()
        weight = _convolution(learners.discriminator)
        moment = learners.optimisers["discriminator"].state[weight]["exp_avg"]
        assert moment.stride() == weight.stride()
        torch.testing.assert_close(moment, (1 - config.training.optimiser.beta1) * weight.grad)


def _convolution(network) -> torch.nn.Parameter:
    """The weights of its first convolution of more than one channel and texel, which has a layout."""
    return next(p for p in network.parameters() if p.dim() == 4 and min(p.shape) > 1)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_training_on_cuda_is_in_the_layout_that_was_measured_there(tmp_path, monkeypatch) -> None:
    from garment_uv.training import trainer as module

    write_dataset(tmp_path / "data")
    source = FolderSource(tmp_path / "data")
    config = small_config().with_values({"data.uri": str(tmp_path / "data"), "training.device": "cuda"})
    for layout in fastest._LAYOUTS:
        monkeypatch.setattr(module, "fastest_layout", lambda *about, layout=layout: layout)
        trainer = module.Trainer(config, source)
        assert trainer.train_epoch().losses["total"] > 0
        assert _convolution(trainer.generator).is_contiguous(memory_format=layout)
        trainer.close()


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
