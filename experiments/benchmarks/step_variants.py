"""Variants of our step, and on a GPU how near it comes to the card's own rates."""

import argparse
import copy
import statistics
import time

import torch
from step_forms import Form
from torch.utils.flop_counter import FlopCounterMode

from garment_uv.training.device import Precision


def variants(ours: Form, options: argparse.Namespace) -> list[tuple]:
    """Median ms of our fp32 step in bf16, with channels_last besides, and compiled besides, each beside it."""
    plain = _median_ms(ours, options.repeats)
    changes = (("bf16", _bf16), ("bf16 channels_last", _channels_last), ("bf16 compiled", compiled))
    return [_beside(plain, name, change(_bf16(copy.deepcopy(ours))), options) for name, change in changes]


def compiled_beside(ours: Form, options: argparse.Namespace) -> list[tuple]:
    """Median ms of our step as it is, and with its networks' trunks compiled."""
    return [_beside(_median_ms(ours, options.repeats), "compiled", compiled(copy.deepcopy(ours)), options)]


def _beside(plain: float, name: str, changed: Form, options: argparse.Namespace) -> tuple:
    taken = _median_ms(changed, options.repeats)
    row = (f"ours, {name}", "", round(plain, 2), round(taken, 2), round(plain / taken, 2), "ms")
    print(row, flush=True)
    return row


def card_rates(ours: Form, rows: list[tuple]) -> list[tuple]:
    """The card's measured bf16 matmul rate and copy bandwidth, and the rate that our bf16 step reaches."""
    size = 8192
    left, right = (torch.randn(size, size, device=ours.device, dtype=torch.bfloat16) for _ in range(2))
    peak = 2 * size**3 / _best_s(lambda: left @ right) / 1e12
    block = torch.empty(2**28, device=ours.device)
    target = torch.empty_like(block)
    bandwidth = 2 * block.nbytes / _best_s(lambda: target.copy_(block)) / 1e9
    with FlopCounterMode(display=False) as counter:
        ours.step()
    best_ms = min(row[3] for row in rows if row[0].startswith(("whole step", "ours, ")))
    reached = counter.get_total_flops() / best_ms / 1e9
    rates = [
        ("bf16 rate: card, step", "", round(peak, 1), round(reached, 1), round(peak / reached, 2), "TF/s"),
        ("copy bandwidth", "", "", round(bandwidth, 1), 1.0, "GB/s"),
    ]
    print(*rates, sep="\n", flush=True)
    return rates


def _bf16(form: Form) -> Form:
    form.step_once._precision = Precision("bf16", form.device)
    return form


def _channels_last(form: Form) -> Form:
    form.generator.to(memory_format=torch.channels_last)
    form.discriminator.to(memory_format=torch.channels_last)
    return form


def compiled(form: Form) -> Form:
    for module in (form.generator.encoder, form.generator.global_path, form.generator.local_path.residual):
        module.compile()
    return form


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
