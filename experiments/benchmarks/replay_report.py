"""What `search_replay.py` says of its traces: incumbents over GPU-hours, quartiles, significance, a plot."""

import math
from pathlib import Path

import numpy as np
from scipy.stats import wilcoxon
from simulation import Step

LADDER = (1 / 16, 1 / 8, 3 / 16, 1 / 4, 3 / 8, 1 / 2, 3 / 4, 1.0)
"""Budgets at which methods are compared, as parts of the whole."""
LEVEL = 0.05
COLOURS = {"random": "0.55", "TPE": "tab:blue", "ASHA": "tab:orange", "ours": "tab:red"}


def incumbents(steps: list[Step], budgets_s: np.ndarray, none_mm: float) -> np.ndarray:
    """Best final value [B] mm at each budget; `none_mm` before any trial has trained all its epochs."""
    spent = np.array([step.spent_s for step in steps])
    values = np.array([none_mm if step.incumbent is None else step.incumbent for step in steps])
    last = np.searchsorted(spent, budgets_s, side="right") - 1
    return np.where(last >= 0, values[np.maximum(last, 0)], none_mm)


def reached_s(steps: list[Step], target_mm: float) -> float:
    """Worker-seconds after which a final value of `target_mm` or less is known; infinite where never."""
    return next((s.spent_s for s in steps if s.incumbent is not None and s.incumbent <= target_mm), math.inf)


def behind(ours: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Wilcoxon's signed-rank test over paired seeds at every budget, corrected by Holm over the budgets.

    Args:
        ours: [S, B] mm, a row per seed.
        other: the same of another method.

    Returns:
        Two-sided corrected p-values [B], and mean differences [B] mm, above 0 where ours is behind.
    """
    p = []
    for one, two in zip(ours.T, other.T, strict=True):
        differences = np.round(one - two, 9)
        p.append(1.0 if not differences.any() else float(wilcoxon(differences, zero_method="wilcox").pvalue))
    return holm(np.array(p)), (ours - other).mean(axis=0)


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's step-down correction of p-values [B]."""
    order = np.argsort(p)
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return corrected


def draw(curves: dict[str, np.ndarray], budgets_s: np.ndarray, title: str, path: Path) -> None:
    """Medians and quartiles of the incumbents [S, B] mm of every method, over GPU-hours."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 5))
    hours = budgets_s / 3600
    for name, values in curves.items():
        low, middle, high = np.percentile(values, (25, 50, 75), axis=0)
        colour, style = COLOURS.get(name), "-" if name in COLOURS else "--"
        (line,) = axes.step(hours, middle, where="post", label=name, color=colour, linestyle=style)
        if name in COLOURS:
            axes.fill_between(hours, low, high, step="post", alpha=0.18, color=line.get_color(), linewidth=0)
    best = min(float(values.min()) for values in curves.values())
    first = max(float(np.median(values[:, len(budgets_s) // 8 :], axis=0).max()) for values in curves.values())
    axes.set(xlabel="GPU-hours of all workers (simulated)", ylabel="best final S2S found, mm", title=title)
    axes.set_ylim(best - 0.03 * (first - best), first * 1.02)
    axes.axvline(hours[-1] / 4, color="0.8", linewidth=1, zorder=0)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    pyplot.close(figure)
