"""Where a step's time goes: torch's operators by kind, the bytes they move, and what is left beside them."""

import torch
from step_forms import Form
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

KINDS = {
    "convolutions": ("conv",),
    "normalisation": ("norm",),
    "optimiser": ("adam",),
    "sparse products, gathers": ("sparse", "scatter", "gather", "index", "embedding", "grid_sample"),
    "copies between layouts and types": ("copy", "clone", "cat", "fill", "zero"),
    "arithmetic texel by texel": ("",),
}
"""Kind to parts of operators' names; the first that fits counts, the last is all the rest."""


class BytesMoved(TorchDispatchMode):
    """Counts the bytes of the tensors that every operator run inside reads and writes, each once.

    What a kernel reads again is not seen, of what it gathers from the whole is counted; other libraries are left out.
    """

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        answer = function(*args, **(kwargs or {}))
        if not function.is_view and "empty" not in function.name():
            tensors = [leaf for leaf in tree_leaves((args, kwargs, answer)) if isinstance(leaf, torch.Tensor)]
            self.total += sum(tensor.nbytes for tensor in tensors if tensor.layout == torch.strided)
        return answer


def bytes_of_step(form: Form) -> int:
    """Bytes that the operators of one step read and write."""
    with BytesMoved() as counter:
        form.step()
    return counter.total


def where_it_goes(form: Form, step_ms: float) -> list[tuple]:
    """Milliseconds of one step by kind of operator and beside all of them, with their shares of `step_ms`."""
    form.step()
    on_card = form.device.type == "cuda"
    with profile(activities=[ProfilerActivity.CPU, *[ProfilerActivity.CUDA] * on_card]) as seen:
        form.step()
        if on_card:
            torch.cuda.synchronize()
    taken = dict.fromkeys(KINDS, 0.0)
    for item in seen.key_averages():
        if item.device_type == DeviceType.CPU and not item.key.startswith(("cuda", "Lazy")):
            spent = item.self_device_time_total if on_card else item.self_cpu_time_total
            taken[kind_of(item.key)] += spent / 1000
    taken["beside torch's operators"] = max(step_ms - sum(taken.values()), 0.0)
    rows = [(f"of it: {kind}", "", "", round(ms, 1), round(ms / step_ms, 3), "ms") for kind, ms in taken.items()]
    print(*rows, sep="\n", flush=True)
    return rows


def kind_of(operator: str) -> str:
    """The kind that an operator's time is counted to."""
    name = operator.lower()
    return next(kind for kind, parts in KINDS.items() if any(part in name for part in parts))
