"""CSV and picture of how a training on few samples comes down to the floor."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from experiments.benchmarks.conditions import RESULTS, conditions, write_csv


def write_report(name: str, curve: list[dict[str, float]], floor_mm: float, goal_mm: float, seed: int) -> None:
    """`<name>.csv` and `<name>.png` under experiments/results/, of the epochs so far."""
    columns = ("epoch", "seconds", "uv_cm", "s2s_mm", "floor_mm")
    rows, seconds = [], 0.0
    for epoch in curve:
        seconds += epoch["seconds"]
        s2s = epoch.get("s2s/all")
        shown = "" if s2s is None else round(s2s, 4)
        rows.append((int(epoch["epoch"]), round(seconds, 1), round(epoch["loss/uv"], 5), shown, round(floor_mm, 4)))
    write_csv(name, conditions(seed), columns, rows)
    measured = [(row[0], row[3]) for row in rows if row[3] != ""]
    figure, axes = plt.subplots(figsize=(7, 4))
    axes.plot([row[0] for row in rows], [10 * row[2] for row in rows], color="0.6", label="L1 on the map, mm")
    if measured:
        axes.plot(*zip(*measured, strict=True), marker="o", label="S2S, mm")
    axes.axhline(floor_mm, linestyle=":", color="k", label="floor")
    axes.axhline(floor_mm + goal_mm, linestyle="--", color="k", label=f"floor + {goal_mm} mm")
    axes.set(yscale="log", xlabel="epoch (16 samples)", ylabel="mm")
    axes.legend()
    figure.tight_layout()
    figure.savefig(RESULTS / f"{name}.png", dpi=110)
    plt.close(figure)
