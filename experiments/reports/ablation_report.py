"""CSV, parquet and the table in the published shape from an ablation's results."""

import statistics
from typing import Any

import pandas

from experiments.benchmarks.conditions import RESULTS, conditions
from garment_uv.metrics.published import PUBLISHED_COLUMNS, PUBLISHED_MM


def write_report(name: str, results: list[dict[str, Any]], rows: list[str]) -> str:
    """Write `<name>.csv`, `.parquet` and `.txt` under experiments/results/; the table's text."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    ordered = sorted(results, key=lambda item: (rows.index(item["row"]), item["seed"]))
    frame = pandas.DataFrame([line for item in ordered for line in _lines(item)])
    about = conditions(0)
    versions = sorted({item["dataset_version"] for item in results})
    with open(RESULTS / f"{name}.csv", "w") as file:
        file.write(f"# {about}; dataset {' '.join(versions)}\n")
        frame.to_csv(file, index=False)
    frame.to_parquet(RESULTS / f"{name}.parquet", index=False)
    text = table(ordered, rows)
    (RESULTS / f"{name}.txt").write_text(f"{about}; dataset {' '.join(versions)}\n\n{text}\n")
    return text


def table(results: list[dict[str, Any]], rows: list[str]) -> str:
    """Means and standard deviations over seeds of S2S in mm with given segments; published figures in brackets."""
    width = max(len(row) for row in rows) + 2
    lines = [
        f"{'S2S, mm (published)':<{width}}{'seeds':>5}"
        + "".join(f"{name:>21}" for name in (*PUBLISHED_COLUMNS, "macro"))
    ]
    for row in rows:
        tables = [item["tables"]["test"]["given"] for item in results if item["row"] == row and not item["reason"]]
        cells = [
            _cell([t[name]["s2s_mm"] for t in tables if name in t], row, name) for name in (*PUBLISHED_COLUMNS, "macro")
        ]
        lines.append(f"{row:<{width}}{len(tables):>5}" + "".join(f"{cell:>21}" for cell in cells))
    return "\n".join(lines)


def _cell(values: list[float], row: str, column: str) -> str:
    if not values:
        return "-"
    spread = f" +- {statistics.stdev(values):.2f}" if len(values) > 1 else ""
    known = row in PUBLISHED_MM and column in PUBLISHED_COLUMNS
    published = f" ({PUBLISHED_MM[row][PUBLISHED_COLUMNS.index(column)]:.1f})" if known else ""
    return f"{statistics.mean(values):.2f}{spread}{published}"


def _lines(item: dict[str, Any]) -> list[dict[str, Any]]:
    """One line per class and kind of segments; a line without figures for an infeasible training."""
    common = {
        "row": item["row"], "seed": item["seed"], "config": item["digest"], "dataset": item["dataset_version"],
        "seconds": round(item["seconds"], 1), "reason": item["reason"],
    }  # fmt: skip
    if item["reason"]:
        return [common]
    return [
        {**common, "segments": segments, "class": name, **values}
        for segments, rows in item["tables"]["test"].items()
        for name, values in rows.items()
    ]
