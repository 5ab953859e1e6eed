"""The published architecture has the layer sizes that LGGAN publishes, and none of our options."""

import torch
from torch import nn

from garment_uv.networks.blocks import count_parameters
from garment_uv.networks.config import GeneratorConfig
from garment_uv.networks.discriminator import Discriminator
from garment_uv.networks.generator import GarmentGenerator
from garment_uv.training.trial import published_architecture


def _convolutions(module: nn.Module) -> list[tuple[str, int, int, int, int]]:
    return [
        (
            "up" if isinstance(layer, nn.ConvTranspose2d) else "conv",
            layer.in_channels,
            layer.out_channels,
            layer.kernel_size[0],
            layer.stride[0],
        )
        for layer in module.modules()
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
    ]


def test_generator_sizes():
    with torch.device("meta"):
        generator = GarmentGenerator(published_architecture().generator)
    assert _convolutions(generator.encoder) == [
        ("conv", 6, 64, 7, 1),
        ("conv", 64, 128, 3, 2),
        ("conv", 128, 256, 3, 2),
    ]
    assert _convolutions(generator.global_path) == [
        ("conv", 256, 512, 3, 2),
        ("conv", 512, 1024, 3, 2),
        ("up", 1024, 512, 4, 2),
        ("up", 512, 256, 4, 2),
        ("up", 256, 128, 4, 2),
        ("up", 128, 64, 4, 2),
        ("conv", 64, 3, 7, 1),
    ]
    local = generator.local_path
    assert _convolutions(local.residual) == [("conv", 256, 256, 3, 1)] * 18
    assert _convolutions(local.up) == [("up", 256, 128, 4, 2), ("up", 128, 64, 4, 2)]
    assert _convolutions(local.branches) == [("conv", 64, 3, 7, 1)] * 6
    assert _convolutions(local.aggregation) == [("conv", 18, 3, 3, 1)]
    assert _convolutions(generator.weight_path) == [
        ("up", 256, 128, 4, 2),
        ("up", 128, 64, 4, 2),
        ("conv", 64, 2, 1, 1),
    ]


def test_discriminator_sizes():
    discriminator = Discriminator(published_architecture().discriminator)
    assert len(discriminator.scales) == 2
    for scale in discriminator.scales:
        assert _convolutions(scale) == [
            ("conv", 6, 64, 4, 2),
            ("conv", 64, 128, 4, 2),
            ("conv", 128, 256, 4, 2),
            ("conv", 256, 512, 4, 1),
            ("conv", 512, 1, 4, 1),
        ]


def test_parameters_are_counted_per_part():
    torch.manual_seed(0)
    generator = GarmentGenerator(GeneratorConfig(base_features=4))
    counts = count_parameters(generator)
    assert counts["weight_path"] == 16 * 8 * 16 + 2 * 8 + 8 * 4 * 16 + 2 * 4 + 4 * 2 + 2
    assert counts["total"] == sum(value for name, value in counts.items() if name != "total")
    assert counts["total"] == sum(p.numel() for p in generator.parameters())
