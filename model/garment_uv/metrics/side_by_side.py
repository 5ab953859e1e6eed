"""Several tables of S2S in one: a row each, a column per class."""

from collections.abc import Mapping

from garment_uv.classes import GARMENT_CLASSES
from garment_uv.metrics.aggregate import S2STable

COLUMNS = (*GARMENT_CLASSES, "all", "macro")


def side_by_side(tables: Mapping[str, S2STable]) -> str:
    """For a terminal: S2S in mm per class, over all garments and as the classes' mean, and garments missing."""
    width = max(len(name) for name in tables) + 2
    lines = [f"{'S2S, mm':<{width}}" + "".join(f"{name:>10}" for name in (*COLUMNS, "missing"))]
    for name, table in tables.items():
        found = figures(table)
        cells = [f"{found[column]:>10.1f}" if column in found else f"{'-':>10}" for column in COLUMNS]
        lines.append(f"{name:<{width}}" + "".join(cells) + f"{table.all.missing:>10}")
    return "\n".join(lines)


def figures(table: S2STable) -> dict[str, float]:
    """S2S in mm by column; classes without a sample have none."""
    rows = {**table.classes, "all": table.all, "macro": table.macro}
    return {name: row.mean_mm for name, row in rows.items()}
