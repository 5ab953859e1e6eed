"""The trainings of a table's rows: each in a process of its own, none trained twice, the table written after each."""

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from experiments.reports.ablation_report import write_report
from experiments.reports.kept_trainings import keep, take_back
from garment_sweeps.storage import open_source
from garment_uv.errors import UserError
from garment_uv.metrics.aggregate import S2STable
from garment_uv.training.run import train_to_end
from garment_uv.training.trial import TrialConfig


def train_rows(rows: dict[str, TrialConfig], seeds: int, processes: int, work: Path, name: str) -> int:
    """Train each row with seeds 0 to `seeds` - 1, then print the table; 1 where a training failed or was killed."""
    jobs = [(row, config.with_values({"seed": seed})) for seed in range(seeds) for row, config in rows.items()]
    results, failed = [], False
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, max_tasks_per_child=1) as pool:
        for future in as_completed([pool.submit(_train, job, work, name) for job in jobs]):
            try:
                done = future.result()
            except BrokenProcessPool:
                print("a training's process was killed; the same command goes on", file=sys.stderr)
                return 1
            if isinstance(done, str):
                print(done, file=sys.stderr, flush=True)
                failed = True
                continue
            results.append(done)
            said = done["reason"] or f"{done['tables']['test']['given']['all']['s2s_mm']:.2f} mm"
            print(f"{len(results)}/{len(jobs)} {done['row']}, seed {done['seed']}: {said}", flush=True)
            write_report(name, results, list(rows))
    if results:
        print(write_report(name, results, list(rows)))
    return int(failed)


def _train(job: tuple[str, TrialConfig], work: Path, name: str) -> dict[str, Any] | str:
    """One training in this process; its result with row and seed, or one line that says why there is none."""
    row, config = job
    folder = work / config.digest()
    try:
        source = open_source(config.data.uri)
        take_back(name, row, config, source.manifest.digest(), folder)

        def report(metrics: dict[str, float]) -> None:
            value = f", {metrics['s2s/all']:.2f} mm on val" if "s2s/all" in metrics else ""
            print(f"  {row}, seed {config.seed}: epoch {metrics['epoch']:.0f}{value}", file=sys.stderr, flush=True)

        found = train_to_end(config, source, folder, ("test",), report)
        keep(name, row, config, folder)
    except UserError as error:
        return f"{row}, seed {config.seed}: {error}"
    for tables in found["tables"].values():
        for table in tables.values():
            figures = S2STable.from_plain(table).to_dict()
            for class_name, values in table.items():
                values["s2s_mm"] = figures[f"s2s/{class_name}"]
    return {**found, "row": row, "seed": config.seed, "digest": config.digest()}
