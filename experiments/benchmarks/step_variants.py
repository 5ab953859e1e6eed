"""Variants of our step, and on a GPU how near it comes to the card's own rates."""

import argparse
import copy
import statistics
import time

import torch
from step_forms import Form
from step_profile import bytes_of_step
from torch.utils.flop_counter import FlopCounterMode

from garment_uv.training.device import Precision


def variants(ours: Form, options: argparse.Namespace) -> list[tuple]:
    """Median ms of our fp32 step in the other memory layout, in bf16, in both, and in bf16 compiled, each beside it."""
    plain = _median_ms(ours, options.repeats)
    changes = {"other layout": (_other_layout,), "bf16": (_bf16,)}
    changes |= {"bf16, other layout": (_bf16, _other_layout), "bf16, compiled": (_bf16, _compiled)}
    rows = []
    for name, steps in changes.items():
        form = copy.deepcopy(ours)
        for change in steps:
            change(form)
        taken = _median_ms(form, options.repeats)
        rows.append((f"ours, {name}", "", round(plain, 2), round(taken, 2), round(plain / taken, 2), "ms"))
        print(rows[-1], flush=True)
    return rows


def card_rates(ours: Form, step_ms: float) -> list[tuple]:
    """The card's measured bf16 matmul rate and copy bandwidth, and what of them a step of `ours` reaches."""
    size = 8192
    left, right = (torch.randn(size, size, device=ours.device, dtype=torch.bfloat16) for _ in range(2))
    peak = 2 * size**3 / _best_s(lambda: left @ right) / 1e12
    block = torch.empty(2**28, device=ours.device)
    target = torch.empty_like(block)
    bandwidth = 2 * block.nbytes / _best_s(lambda: target.copy_(block)) / 1e9
    with FlopCounterMode(display=False) as counter:
        ours.step()
    rate, moved = counter.get_total_flops() / step_ms / 1e9, bytes_of_step(ours) / step_ms / 1e6
    rates = [
        ("bf16 rate: card, step", "", round(peak, 1), round(rate, 1), round(rate / peak, 3), "TF/s"),
        ("bandwidth: card, step", "", round(bandwidth, 1), round(moved, 1), round(moved / bandwidth, 3), "GB/s"),
    ]
    print(*rates, sep="\n", flush=True)
    return rates


def _bf16(form: Form) -> None:
    form.step_once._precision = Precision("bf16", form.device)


def _other_layout(form: Form) -> None:
    contiguous = form.layout == torch.contiguous_format
    for network in (form.generator, form.discriminator):
        network.to(memory_format=torch.channels_last if contiguous else torch.contiguous_format)


def _compiled(form: Form) -> None:
    for module in form.generator.backbone():
        module.compile()


def _median_ms(form: Form, repeats: int) -> float:
    form.step()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        form.step()
        _wait(form.device)
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def _best_s(call, repeats: int = 10) -> float:
    times = []
    for _ in range(repeats):
        _wait(torch.device("cuda"))
        start = time.perf_counter()
        call()
        _wait(torch.device("cuda"))
        times.append(time.perf_counter() - start)
    return min(times)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
