"""Peak memory of the first training steps, each form in a fresh process."""

import argparse
import subprocess
import sys
from pathlib import Path

import torch
from step_forms import Form, load_batch

STEPS = 3
"""The second is the first with Adam's moments; more change nothing but what the allocator keeps."""


def fresh_peak_mib(form: str, options: argparse.Namespace) -> float:
    """What `STEPS` steps of `form` take above what its process held before, MiB."""
    chosen = ("data", "batch", "device", "precision", "threads", "seed", "features")
    given = [f"--{name}={getattr(options, name)}" for name in chosen]
    command = [sys.executable, str(Path(__file__).with_name("step_speed.py")), f"--only-memory={form}", *given]
    given += ["--save-memory"] * options.save_memory
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(answer.split()[-1])


def print_own_peak(options: argparse.Namespace) -> int:
    """Run `STEPS` steps of `options.only_memory`, print how far memory rose, MiB; returns 0."""
    batch, atlas = load_batch(Path(options.data), options.batch)
    device = torch.device(options.device)
    form = Form(options.only_memory, batch, atlas, options)
    if device.type == "cuda":
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        for _ in range(STEPS):
            form.step()
        print((torch.cuda.max_memory_allocated() - before) / 2**20)
        return 0
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew at what is held now
    before = _kib("VmRSS")
    for _ in range(STEPS):
        form.step()
    print((_kib("VmHWM") - before) / 1024)
    return 0


def _kib(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
