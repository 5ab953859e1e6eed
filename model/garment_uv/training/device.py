"""Which device a trial runs on, and in which precision."""

from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

import torch

from garment_uv.errors import UserError
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
    """The network on `device`, its convolutions' weights in `layout`; what flows between the layers follows them.

    Where no layout is given it is `CPU_LAYOUT` on the CPU, and contiguous elsewhere.
    """
    if layout is None:
        layout = CPU_LAYOUT if device.type == "cpu" else torch.contiguous_format
    return network.to(device=device, memory_format=layout)  # type: ignore[call-overload]


class Precision:
    """Forward passes in fp32, bf16 or fp16; fp16 scales the loss so that small gradients survive.

    Losses are always computed in fp32, outside `autocast()`.
    """

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
