"""A trained generator as a folder with all that inference needs: weights, config, atlas, the data's facts."""

from pathlib import Path

import torch
from pydantic import Field
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from garment_uv.config import Config, digest_of
from garment_uv.errors import UserError, one_line
from garment_uv.files import FileFacts, file_facts, read_json, verify_files, write_json
from garment_uv.networks.generator import GarmentGenerator
from garment_uv.outputs import present_folder, replaced_folder
from garment_uv.training.device import place
from garment_uv.training.trial import TrialConfig
from garment_uv.uv.atlas import Atlas

MODEL_JSON = "model.json"
WEIGHTS = "generator.safetensors"
ATLAS = "atlas.npz"


class TrainedOn(Config):
    """What of the dataset a picture must be made to fit before this model can read it."""

    dataset_version: str
    """Digest of the dataset's manifest."""
    body_model: str
    """'anny' or 'smpl': the body whose vertices the body map holds."""
    body_digest: str = ""
    """Digest of that body model; empty when the dataset did not say."""
    subdivisions: int = Field(default=1, ge=0, le=4)
    """How often the body was subdivided into the atlas's topology."""
    image_size: int = Field(ge=8, le=4096)
    """Side of the square crop, px."""


class ModelCard(Config):
    """`model.json`."""

    schema_version: int = Field(default=1, ge=1, le=1)
    config: TrialConfig
    config_digest: str
    epoch: int = Field(ge=0)
    """Epochs trained."""
    trained_on: TrainedOn
    atlas_digest: str
    files: dict[str, FileFacts]


def save_model(
    folder: Path, generator: GarmentGenerator, config: TrialConfig, atlas: Atlas, trained_on: TrainedOn, epoch: int
) -> None:
    """Write the model folder, atomically."""
    with replaced_folder(folder, (MODEL_JSON, WEIGHTS, ATLAS)) as fresh:
        write_model(fresh, generator, config, atlas, trained_on, epoch)


def write_model(
    folder: Path, generator: GarmentGenerator, config: TrialConfig, atlas: Atlas, trained_on: TrainedOn, epoch: int
) -> None:
    """Write a model's files into an existing `folder`, for writers that make that whole themselves."""
    save_tensors(folder / WEIGHTS, generator.state_dict())
    atlas.save(folder / ATLAS)
    card = ModelCard(
        config=config,
        config_digest=config.digest(),
        epoch=epoch,
        trained_on=trained_on,
        atlas_digest=atlas.digest,
        files={name: file_facts(folder / name) for name in (WEIGHTS, ATLAS)},
    )
    write_json(folder / MODEL_JSON, card.plain())


def read_card(folder: Path) -> ModelCard:
    """The card of a model folder or of a checkpoint that holds one, its files checked by sha256."""
    return _read(folder)[1]


def load_model(folder: Path) -> tuple[GarmentGenerator, TrialConfig, Atlas]:
    """The generator (on the CPU, in eval mode), config and atlas of a model folder or checkpoint; else UserError."""
    path, card = _read(folder)
    generator = place(GarmentGenerator(card.config.generator), torch.device("cpu"))
    load_weights(generator, load_tensors(path / WEIGHTS), path / WEIGHTS)
    atlas = Atlas.load(path / ATLAS)
    if atlas.digest != card.atlas_digest:
        raise UserError(
            f"{path / ATLAS} has digest {atlas.digest}, {MODEL_JSON} says {card.atlas_digest}: "
            "take another copy of the model"
        )
    return generator.eval(), card.config, atlas


def save_tensors(path: Path, tensors: dict[str, torch.Tensor]) -> None:
    """Write named tensors as safetensors, whatever their device and memory layout."""
    path.write_bytes(save({name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}))


def load_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Read a safetensors file onto the CPU; UserError names a file that is none."""
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path} cannot be read as safetensors ({error}): take another copy of it") from None


def load_weights(module: torch.nn.Module, tensors: dict[str, torch.Tensor], path: Path) -> None:
    """Load a state dict; UserError names the file when names or shapes do not fit the module."""
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        raise UserError(f"{path} does not fit the network of its config: {one_line(error, 200)}") from None


def _read(folder: Path) -> tuple[Path, ModelCard]:
    path = present_folder(Path(folder))
    if not (path / MODEL_JSON).exists() and (path / "model" / MODEL_JSON).exists():
        path = path / "model"
    values = read_json(path / MODEL_JSON, "model folder")
    card = ModelCard.from_plain(values)
    verify_files(path, card.files)
    if digest_of(values["config"]) != card.config_digest:
        raise UserError(
            f"{path / MODEL_JSON} holds a config whose digest is not the recorded one: take another copy of the model"
        )
    return path, card
