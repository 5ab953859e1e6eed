"""A training's whole state as a folder: safetensors and JSON, each file with its sha256, written at once.

<folder>/checkpoint.json         epoch, config, dataset version, best so far, sha256 of everything below
<folder>/training.safetensors    discriminator, both optimisers, random states
<folder>/model/                  the generator as a model folder, loadable for inference as it is
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from garment_uv.config.trial import TrialConfig
from garment_uv.errors import UserError
from garment_uv.training import model_file
from garment_uv.training.files import (
    file_facts,
    present_folder,
    read_json,
    replaced_folder,
    verify_files,
    write_json,
)

CHECKPOINT_JSON = "checkpoint.json"
TRAINING = "training.safetensors"
MODEL = "model"
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class TrainingState:
    """What a trainer needs, besides the generator, to go on as if it had never stopped."""

    tensors: dict[str, torch.Tensor]
    """By 'part/name': discriminator, optimisers, random states."""
    plain: dict[str, Any]
    """JSON types: epoch, best so far, watch, random states, loss scale."""


def save_checkpoint(
    folder: Path,
    state: TrainingState,
    config: TrialConfig,
    trained_on: model_file.TrainedOn,
    write_model_files: Any,
) -> None:
    """Write the checkpoint atomically; `write_model_files(path)` writes the model's files into `path`."""
    with replaced_folder(folder) as fresh:
        (fresh / MODEL).mkdir()
        write_model_files(fresh / MODEL)
        model_file.save_tensors(fresh / TRAINING, state.tensors)
        written = sorted(path for path in fresh.rglob("*") if path.is_file())
        write_json(
            fresh / CHECKPOINT_JSON,
            {
                "schema_version": SCHEMA_VERSION,
                "config": config.plain(),
                "config_digest": config.digest(),
                "dataset_version": trained_on.dataset_version,
                "state": state.plain,
                "files": {path.relative_to(fresh).as_posix(): file_facts(path) for path in written},
            },
        )


def load_checkpoint(
    folder: Path, config: TrialConfig, trained_on: model_file.TrainedOn
) -> tuple[TrainingState, dict[str, torch.Tensor]]:
    """The training state and the generator's weights of a checkpoint made with this config on this dataset.

    Raises UserError when a byte differs from what was written, or the config or the dataset is another.
    """
    path = present_folder(Path(folder))
    header = read_header(path)
    verify_files(path, header["files"])
    if header["config_digest"] != config.digest():
        raise UserError(
            f"{path} was trained with another config ({_differences(header['config'], config)}): "
            "resume with that config, or start anew without the checkpoint"
        )
    if header["dataset_version"] != trained_on.dataset_version:
        raise UserError(
            f"{path} was trained on dataset version {header['dataset_version'][:16]}, the dataset given is "
            f"version {trained_on.dataset_version[:16]}: point data.uri at the former, or start anew"
        )
    tensors = model_file.load_tensors(path / TRAINING)
    weights = model_file.load_tensors(path / MODEL / model_file.WEIGHTS)
    return TrainingState(tensors, header["state"]), weights


def read_header(folder: Path) -> dict[str, Any]:
    """`checkpoint.json` of a checkpoint; UserError when there is none or it is not one of ours."""
    path = present_folder(Path(folder)) / CHECKPOINT_JSON
    header = read_json(path, "checkpoint")
    if header.get("schema_version") != SCHEMA_VERSION:
        raise UserError(
            f"{path} has schema version {header.get('schema_version')!r}, not {SCHEMA_VERSION}: "
            "use the version of the program that wrote it"
        )
    missing = {"config", "config_digest", "dataset_version", "state", "files"} - set(header)
    if missing:
        raise UserError(f"{path} lacks {', '.join(sorted(missing))}: take another copy of the checkpoint")
    return header


def optimiser_tensors(prefix: str, optimiser: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """Adam's moments and step counts by '<prefix>/<parameter index>/<name>'."""
    state = optimiser.state_dict()["state"]
    return {
        f"{prefix}/{index}/{name}": value for index, values in state.items() for name, value in values.items()
    }


def load_optimiser(prefix: str, optimiser: torch.optim.Optimizer, tensors: dict[str, torch.Tensor]) -> None:
    """Put back what `optimiser_tensors` took; rates and betas stay those of the config."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    for path, value in part(prefix, tensors).items():
        index, name = path.split("/")
        state.setdefault(int(index), {})[name] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def part(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors under 'prefix/', without that prefix."""
    start = f"{prefix}/"
    return {name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)}


def _differences(saved: dict[str, Any], config: TrialConfig) -> str:
    try:
        before = TrialConfig.from_plain(saved).flat()
    except UserError:
        return "one that this version does not know"
    now = config.flat()
    names = [name for name in now if now[name] != before.get(name)]
    changed = [f"{name}={before.get(name)!r}, now {now[name]!r}" for name in names]
    return "; ".join(changed[:3]) + ("; ..." if len(changed) > 3 else "")
