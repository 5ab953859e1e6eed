"""A whole training step and its parts: the published form against ours, same weights, same batch, one process.

    python experiments/benchmarks/step_speed.py [--data .garment/open192/256] [--repeats 3] [--device cpu] [--seed 0]

The published form is a loop over class branches on the whole canvas, a COO Laplacian, and torch.cdist over all vertices
(`published_form.py`, `published_loss.py`), in fp32. First it and ours in fp32 must give the same losses and gradients;
then they, and ours in the precision that `training.precision=auto` takes here, are timed in turns, and medians count.
The allocator is told to keep freed memory, as a trainer does, for all forms. Peak memory is that of three steps in a
fresh process each: how far the resident size rises above what the process held before. Exits 1 where a goal is missed
or the forms differ. With `--variants` the other memory layout, bf16 and torch.compile are timed too, and what the step
spends its time on; on a GPU (`--device cuda`) always, beside the card's own matmul rate and bandwidth.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.utils.deterministic
from conditions import conditions, write_csv
from step_equality import differences
from step_forms import FORMS, Form, load_batch
from step_memory import fresh_peak_mib, print_own_peak
from step_profile import where_it_goes
from step_variants import card_rates, variants

from garment_uv.training.device import fastest_layout, fastest_precision
from garment_uv.training.running import keep_freed_memory
from garment_uv.training.trial import published_architecture

SIZE = 256
PARTS = ("branches", "unwrapping", "matching", "mesh_terms")
PUBLISHED_FEATURES = 64
GOALS = {"parts together": 5.0, "whole step": 1.5, "peak memory": 2.0}


def main() -> int:
    """Compare, time, measure memory, print and keep the table; 1 where a goal is missed."""
    options = _options()
    torch.set_num_threads(options.threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False
    if options.device == "cpu":
        keep_freed_memory()
    device = torch.device(options.device)
    config = published_architecture().generator.with_values({"base_features": options.features})
    if options.precision == "auto":
        options.precision = fastest_precision(config, SIZE, device)
    options.layout = fastest_layout(config, SIZE, device, options.precision)
    return print_own_peak(options) if options.only_memory else _compare(options)


def _compare(options: argparse.Namespace) -> int:
    device = torch.device(options.device)
    about = (
        f"{conditions(options.seed)}; torch {torch.__version__}, {options.threads} threads, device {device}, "
        f"ours in {options.precision}, {str(options.layout).removeprefix('torch.')}"
    )
    print(about, flush=True)
    if device.type != "cuda":
        print("no GPU in this run: what a card reaches of its own rates is measured with --device cuda")
    batch, atlas = load_batch(Path(options.data), options.batch)
    print(f"batch of {len(batch)}: {', '.join(batch.keys)}; {atlas.num_vertices} vertices, {atlas.size} texels")
    forms = {name: Form(name, batch, atlas, options) for name in FORMS}
    worst = differences(forms)
    equal = all(value <= allowed for value, allowed in worst.values())
    for what, (value, allowed) in worst.items():
        print(f"largest relative difference of {what}: {value:.1e} (allowed {allowed:.0e})", flush=True)
    rows = [_row(part, {n: getattr(f, part) for n, f in forms.items()}, options.part_repeats) for part in PARTS]
    rows.append(("parts together", *_ratio([sum(row[column] for row in rows) for column in (1, 2, 3)]), "ms"))
    rows.append(_row("whole step", {name: form.step for name, form in forms.items()}, options.repeats))
    for row in rows:
        print(_line(row), flush=True)
    step_ms = rows[-1][3]
    if device.type == "cuda" or options.variants:
        rows += variants(forms["ours_fp32"], options)
        rows += where_it_goes(forms["ours"], step_ms)
    if device.type == "cuda":
        rows += card_rates(forms["ours"], step_ms)
    del forms
    rows.append(("peak memory", *_ratio([fresh_peak_mib(name, options) for name in FORMS]), "MiB"))
    print(_line(rows[-1]))
    reached = {name: next(row[4] for row in rows if row[0] == name) >= goal for name, goal in GOALS.items()}
    for name, good in reached.items():
        print(f"{'reached' if good else 'NOT REACHED'}: {name}, at least {GOALS[name]} times")
    if options.features == PUBLISHED_FEATURES:
        name = "step_speed_save_memory" if options.save_memory else "step_speed"
        print(write_csv(name, about, ("what", *FORMS, "published/ours", "unit"), rows))
    else:
        print("not the published width: these figures are not kept")
    return 0 if equal and all(reached.values()) else 1


def _row(name: str, calls: dict[str, Callable], repeats: int) -> tuple:
    """Median ms of the forms, run in turns, each after one run that is not counted."""
    times: dict[str, list[float]] = {form: [] for form in FORMS}
    for turn in range(repeats + 1):
        for form in FORMS if turn % 2 else reversed(FORMS):
            elapsed = timed_ms(calls[form])
            if turn:
                times[form].append(elapsed)
    return (name, *_ratio([statistics.median(times[form]) for form in FORMS]), "ms")


def timed_ms(call: Callable) -> float:
    """Milliseconds of one call, the device's work included."""
    start = time.perf_counter()
    call()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return (time.perf_counter() - start) * 1000


def _ratio(values: list[float]) -> tuple[float, ...]:
    """The forms' values, and how many times the published form's is the last one's."""
    return (*(round(value, 2) for value in values), round(values[0] / values[-1], 2))


def _line(row: tuple) -> str:
    return f"{row[0]:<16}{row[1]:>12.1f}{row[2]:>12.1f}{row[3]:>12.1f} {row[5]:<4}{row[4]:>8.2f}x"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=".garment/open192/256", help="a prepared dataset")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=3, help="whole steps of each form that count")
    parser.add_argument("--part-repeats", type=int, default=5)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--precision", default="auto", choices=("auto", "fp32", "bf16"), help="of ours")
    parser.add_argument("--save-memory", action="store_true", help="ours with training.save_memory")
    parser.add_argument("--features", type=int, default=PUBLISHED_FEATURES, help="fewer only to try the benchmark out")
    parser.add_argument("--variants", action="store_true", help="on the CPU too; torch.compile needs a compiler")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only-memory", choices=FORMS, help="one step of this form; prints its peak, MiB")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
