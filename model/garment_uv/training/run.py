"""One training from beginning to end in a folder, which the same call goes on with after anything ended it.

<folder>/curve.jsonl     one line of metrics per epoch
<folder>/checkpoint/     the newest state, taken away when the training is done
<folder>/result.json     written last: config, dataset version, and S2S on the splits asked for
"""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from garment_uv.errors import Infeasible, UserError
from garment_uv.files import read_json
from garment_uv.outputs import present_folder, write_file
from garment_uv.samples.source import DatasetSource
from garment_uv.training.trainer import Trainer
from garment_uv.training.trial import TrialConfig

RESULT, CURVE, CHECKPOINT, MODEL = "result.json", "curve.jsonl", "checkpoint", "model"


def train_to_end(
    config: TrialConfig,
    source: DatasetSource,
    folder: Path,
    splits: Sequence[str] = ("test",),
    report: Callable[[dict[str, float]], None] | None = None,
) -> dict[str, Any]:
    """Train `config` to its last epoch and measure S2S on `splits` with given and with the model's own segments.

    Returns 'reason' (empty, or why it proved infeasible), 'seconds', and 'tables' by split and then kind of segments.
    A finished training is not repeated. UserError where `folder` holds another config's or another dataset's.
    """
    folder = Path(folder)
    fixed = {"config": config.plain(), "dataset_version": source.manifest.digest(), "splits": list(splits)}
    if (folder / RESULT).exists():
        found = read_json(folder / RESULT, "finished training")
        found["config"] = TrialConfig.from_plain(found["config"]).plain()  # an older version's may lack a new field
        if any(found.get(name) != value for name, value in fixed.items()):
            raise UserError(f"{folder} holds a training of another config or dataset; give another folder")
        return found
    folder.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(config, source)
    try:
        if present_folder(folder / CHECKPOINT).exists():
            trainer.load(folder / CHECKPOINT)
        curve = read_curve(folder)[: trainer.epoch]
        reason, tables = "", {}
        try:
            while trainer.epoch < config.training.epochs:
                curve.append(trainer.train_epoch().metrics())
                _write_curve(folder, curve)
                trainer.save(folder / CHECKPOINT)
                if report:
                    report(curve[-1])
            for split in splits:
                both = {which: trainer.evaluate(split, which) for which in ("given", "predicted")}
                tables[split] = {which: table.plain() for which, table in both.items()}
            trainer.save_model(folder / MODEL)
        except Infeasible as error:
            reason, tables = str(error), {}
    finally:
        trainer.close()
    seconds = sum(epoch["seconds"] for epoch in curve)
    result = {**fixed, "reason": reason, "seconds": seconds, "tables": tables}
    write_file(folder / RESULT, json.dumps(result))
    shutil.rmtree(folder / CHECKPOINT, ignore_errors=True)
    return result


def read_curve(folder: Path) -> list[dict[str, float]]:
    """Metrics of the epochs done so far; none where nothing was trained in `folder`."""
    path = Path(folder) / CURVE
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _write_curve(folder: Path, curve: list[dict[str, float]]) -> None:
    write_file(folder / CURVE, "".join(json.dumps(epoch) + "\n" for epoch in curve))
