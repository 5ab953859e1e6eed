"""Which device a trial runs on, in which precision and layout, and if compiled: measured where it is trained."""

import logging
import time
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

import torch

from garment_uv.errors import UserError
from garment_uv.networks.blocks import ResidualBlock
from garment_uv.networks.config import GeneratorConfig
from garment_uv.training.parallel import ALONE, Processes

CPU_LAYOUT = torch.channels_last
"""What convolutions are fastest in on the CPU (`experiments/benchmarks/step_speed.py --variants`)."""
_AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}


Network = TypeVar("Network", bound=torch.nn.Module)


def resolve_device(name: str) -> torch.device:
    """The torch device for 'auto', 'cpu' or 'cuda'; UserError when CUDA is asked for and absent."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError(
            "training.device is 'cuda' but torch finds no CUDA device: set training.device=cpu or =auto, "
            "or install a CUDA build of torch on a machine with a GPU"
        )
    if name not in ("cpu", "cuda"):
        raise UserError(f"training.device must be auto, cpu or cuda, was given {name!r}")
    return torch.device(name)


def place(network: Network, device: torch.device, layout: torch.memory_format | None = None) -> Network:
    """The network on `device`, its convolutions in `layout`: by default `CPU_LAYOUT` there, contiguous elsewhere."""
    if layout is None:
        layout = CPU_LAYOUT if device.type == "cpu" else torch.contiguous_format
    return network.to(device=device, memory_format=layout)  # type: ignore[call-overload]


class Precision:
    """Forward passes in fp32, bf16 or fp16, which scales the loss; losses are in fp32, outside `autocast()`."""

    def __init__(self, name: str, device: torch.device, processes: Processes = ALONE) -> None:
        if name == "fp16" and device.type != "cuda":
            raise UserError("training.precision is 'fp16', which needs CUDA: set it to bf16 or fp32")
        self.name = name
        self.device = device
        self._processes = processes
        self.scaler = torch.amp.GradScaler("cuda", enabled=name == "fp16")

    def autocast(self) -> AbstractContextManager:
        """The context that forward passes run in."""
        if self.name == "fp32":
            return nullcontext()
        return torch.autocast(self.device.type, dtype=_AUTOCAST[self.name])

    def step(self, loss: torch.Tensor, optimiser: torch.optim.Optimizer) -> None:
        """Backward from the scalar `loss` and one step of `optimiser`; its old gradients are dropped."""
        optimiser.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()
        self._processes.sum_gradients(each for group in optimiser.param_groups for each in group["params"])
        self.scaler.step(optimiser)
        self.scaler.update()


WORTH = 1.2
"""bf16 is taken only if it is so many times as fast: its numbers are coarser."""
COMPILING_WORTH = 1.05
"""Compiled is taken only if it is so many times as fast: below, it is the timing's own spread."""
TURNS = 3
SAMPLES = 2
_LAYOUTS = (torch.contiguous_format, torch.channels_last)


def fastest_precision(config: GeneratorConfig, size: int, device: torch.device) -> str:
    """'bf16' or 'fp32' for networks of `config` on maps of `size` texels: a residual block is timed, there and back."""
    layout = CPU_LAYOUT if device.type == "cpu" else torch.contiguous_format
    taken = way_seconds(config, size, device, [("fp32", layout), ("bf16", layout)])
    return "bf16" if taken["fp32", layout] >= WORTH * taken["bf16", layout] else "fp32"


def fastest_layout(config: GeneratorConfig, size: int, device: torch.device, precision: str) -> torch.memory_format:
    """The memory layout of networks of `config`: on CUDA a residual block is timed in both.

    On the CPU it is channels last unasked, so that a training's numbers do not hang on the machine's state there.
    """
    if device.type == "cpu":
        return CPU_LAYOUT
    taken = way_seconds(config, size, device, [(precision, layout) for layout in _LAYOUTS])
    return min(taken, key=lambda way: taken[way])[1]


def compiling_wins(
    config: GeneratorConfig, size: int, device: torch.device, precision: str, layout: torch.memory_format
) -> bool:
    """Whether a residual block of `config` is faster compiled, its compilation not counted; not where that fails."""
    block, features = _block(config, device, layout), _features(config, size, device, layout)
    try:
        plain = min(_seconds(block, features, Precision(precision, device)) for _ in range(TURNS + 1))
        block.compile()
        compiled = min(_seconds(block, features, Precision(precision, device)) for _ in range(TURNS + 1))
    except RuntimeError as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        logging.getLogger(__name__).warning("torch.compile does not work here, trained without it: %s", reason)
        return False
    return plain >= COMPILING_WORTH * compiled


Way = tuple[str, torch.memory_format]


def way_seconds(config: GeneratorConfig, size: int, device: torch.device, ways: list[Way]) -> dict[Way, float]:
    """The least seconds that a residual block of `config` took in each precision and layout, measured in turns."""
    layouts = {layout for _, layout in ways}
    blocks = {layout: _block(config, device, layout) for layout in layouts}
    features = {layout: _features(config, size, device, layout) for layout in layouts}
    taken: dict[Way, list[float]] = {way: [] for way in ways}
    for turn in range(TURNS + 1):
        for precision, layout in ways:
            elapsed = _seconds(blocks[layout], features[layout], Precision(precision, device))
            if turn:
                taken[precision, layout].append(elapsed)
    return {way: min(seconds) for way, seconds in taken.items()}


def _block(config: GeneratorConfig, device: torch.device, layout: torch.memory_format) -> ResidualBlock:
    with torch.random.fork_rng():
        return place(ResidualBlock(4 * config.base_features), device, layout)


def _features(config: GeneratorConfig, size: int, device: torch.device, layout: torch.memory_format) -> torch.Tensor:
    features = torch.zeros(SAMPLES, 4 * config.base_features, size // 4, size // 4, device=device)
    return features.contiguous(memory_format=layout).requires_grad_()


def _seconds(block: ResidualBlock, features: torch.Tensor, precision: Precision) -> float:
    _wait(features.device)
    start = time.perf_counter()
    with precision.autocast():
        answer = block(features)
    answer.float().sum().backward()
    _wait(features.device)
    return time.perf_counter() - start


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
