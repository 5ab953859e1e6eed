"""Which float type a network's convolutions are fastest in, measured on the device that will train it."""

import time

import torch

from garment_uv.networks.blocks import ResidualBlock
from garment_uv.networks.config import GeneratorConfig
from garment_uv.training.device import place

WORTH = 1.2
"""bf16 is taken only if it is so many times as fast: its numbers are coarser."""
TURNS = 3
SAMPLES = 2


def fastest_precision(config: GeneratorConfig, size: int, device: torch.device) -> str:
    """'bf16' or 'fp32' for networks of `config` on maps of `size` texels: a residual block is timed, there and back.

    The machine's state enters: two machines, or a busy one, may answer differently. A fixed precision is what makes
    figures comparable across machines.
    """
    channels = 4 * config.base_features
    with torch.random.fork_rng():
        block = place(ResidualBlock(channels), device)
    features = torch.zeros(SAMPLES, channels, size // 4, size // 4, device=device, requires_grad=True)
    seconds = {"fp32": [], "bf16": []}
    for turn in range(TURNS + 1):
        for name, taken in seconds.items():
            elapsed = _seconds(block, features, name == "bf16", device)
            if turn:
                taken.append(elapsed)
    return "bf16" if min(seconds["fp32"]) >= WORTH * min(seconds["bf16"]) else "fp32"


def _seconds(block: ResidualBlock, features: torch.Tensor, half: bool, device: torch.device) -> float:
    _wait(device)
    start = time.perf_counter()
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=half):
        answer = block(features)
    answer.float().sum().backward()
    _wait(device)
    return time.perf_counter() - start


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
