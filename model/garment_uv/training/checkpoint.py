"""A training's whole state as a folder: safetensors and JSON, each file with its sha256, written at once.

<folder>/checkpoint.json         epoch, config, dataset version, best so far, sha256 of everything below
<folder>/training.safetensors    discriminator, both optimisers, random states
<folder>/model/                  the generator as a model folder, loadable for inference as it is
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import Field

from garment_uv.config import Config
from garment_uv.errors import UserError, one_line
from garment_uv.files import FileFacts, facts_below, read_json, verify_files, write_json
from garment_uv.outputs import present_folder, replaced_folder
from garment_uv.training import model_file
from garment_uv.training.config import changeable, may_change
from garment_uv.training.report import Best
from garment_uv.training.running import PlainRandomState
from garment_uv.training.trial import TrialConfig

CHECKPOINT_JSON = "checkpoint.json"
TRAINING = "training.safetensors"
MODEL = "model"

WHERE_IT_RUNS = (
    "data.uri",
    "data.workers",
    "data.smpl_dir",
    "training.device",
    "training.processes",
    "training.save_memory",
    "training.threads",
)
"""Config fields that a resumed training may change: where the same bytes are read and the same sums are done."""


class TrainingProgress(Config):
    """The part of a training's state that is no tensor."""

    epoch: int = Field(ge=0)
    """Epochs done."""
    best: Best | None
    collapsed_epochs: int = Field(ge=0)
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    """What the training runs in: where its config says 'auto', it goes on in this one."""
    random: PlainRandomState
    scaler: dict[str, float | int]
    """Of the gradient scaler; empty unless fp16."""


class Header(Config):
    """`checkpoint.json`."""

    schema_version: Literal[1] = 1
    config: dict[str, Any]
    config_digest: str
    dataset_version: str
    progress: TrainingProgress
    files: dict[str, FileFacts]
    """By path inside the checkpoint."""


@dataclass(frozen=True)
class TrainingState:
    """What a trainer needs, besides the generator, to go on as if it had never stopped."""

    tensors: dict[str, torch.Tensor]
    """By 'part/name': discriminator, optimisers, random states."""
    progress: TrainingProgress


def save_checkpoint(
    folder: Path, state: TrainingState, config: TrialConfig, dataset_version: str, write_model: Callable[[Path], None]
) -> None:
    """Write the checkpoint atomically; `write_model(path)` writes the model's files into the folder `path`."""
    with replaced_folder(folder, (CHECKPOINT_JSON, TRAINING, MODEL)) as fresh:
        (fresh / MODEL).mkdir()
        write_model(fresh / MODEL)
        model_file.save_tensors(fresh / TRAINING, state.tensors)
        header = Header(
            config=config.plain(),
            config_digest=config.digest(),
            dataset_version=dataset_version,
            progress=state.progress,
            files=facts_below(fresh),
        )
        write_json(fresh / CHECKPOINT_JSON, header.plain())


def load_checkpoint(
    folder: Path, config: TrialConfig, dataset_version: str, changed: Collection[str] = ()
) -> tuple[TrainingState, dict[str, torch.Tensor]]:
    """The training state and the generator's weights of a checkpoint made with this config on this dataset.

    Fields named in `changed` may have had other values, as population based training wants it. UserError when a byte
    differs from what was written, when the dataset is another, when the config is another in more than
    `WHERE_IT_RUNS` and `changed`, or when `changed` names what tensors depend on.
    """
    fixed = [name for name in changed if not may_change(name)]
    if fixed:
        raise UserError(f"{fixed[0]} cannot change while a training goes on; {changeable()} can")
    path = present_folder(Path(folder))
    header = read_header(path)
    verify_files(path, header.files)
    differing = _differences(header, config, {*WHERE_IT_RUNS, *changed})
    if differing:
        raise UserError(
            f"{path} was trained with another config ({differing}): resume with that config, or start anew "
            "without the checkpoint"
        )
    if header.dataset_version != dataset_version:
        raise UserError(
            f"{path} was trained on dataset version {header.dataset_version[:16]}, the dataset given is "
            f"version {dataset_version[:16]}: point data.uri at the former, or start anew"
        )
    tensors = model_file.load_tensors(path / TRAINING)
    weights = model_file.load_tensors(path / MODEL / model_file.WEIGHTS)
    return TrainingState(tensors, header.progress), weights


def read_header(folder: Path) -> Header:
    """`checkpoint.json` of a checkpoint; UserError when there is none or it is not one of ours."""
    path = present_folder(Path(folder)) / CHECKPOINT_JSON
    values = read_json(path, "checkpoint")
    try:
        return Header.from_plain(values)
    except (UserError, TypeError) as error:
        raise UserError(f"{path} is no checkpoint of this version of the program: {one_line(error)}") from None


def optimiser_tensors(prefix: str, optimiser: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """Adam's moments and step counts by '<prefix>/<parameter index>/<name>'."""
    state = optimiser.state_dict()["state"]
    return {f"{prefix}/{index}/{name}": value for index, values in state.items() for name, value in values.items()}


def load_optimiser(prefix: str, optimiser: torch.optim.Optimizer, tensors: dict[str, torch.Tensor]) -> None:
    """Put back what `optimiser_tensors` took, in the parameters' memory layout; rates and betas stay the config's."""
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, torch.Tensor]] = {}
    for path, value in part(prefix, tensors).items():
        index, name = path.split("/")
        moment = torch.empty_like(parameters[int(index)]).copy_(value) if value.dim() else value
        state.setdefault(int(index), {})[name] = moment
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def part(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors under 'prefix/', without that prefix."""
    start = f"{prefix}/"
    return {name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)}


def _differences(header: Header, config: TrialConfig, free: set[str]) -> str:
    """The first fields in which the configs differ, those in `free` left out, or nothing."""
    try:
        before = TrialConfig.from_plain(header.config).flat()
    except (UserError, TypeError):
        return "one that this version does not know"
    now = config.flat()
    names = [name for name in now if now[name] != before.get(name) and name not in free]
    changed = [f"{name}={before.get(name)!r}, now {now[name]!r}" for name in names]
    return "; ".join(changed[:3]) + ("; ..." if len(changed) > 3 else "")
