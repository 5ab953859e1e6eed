"""A trained body network as a folder: weights and a card, each file with its sha256.

<folder>/body_model.json            config, what it was trained on, errors on the validation split
<folder>/body_regressor.safetensors
"""

from pathlib import Path
from typing import Literal

from pydantic import Field

from garment_uv.config import Config, digest_of
from garment_uv.errors import UserError
from garment_uv.estimation.config import BodyFitConfig
from garment_uv.estimation.network import BodyRegressor
from garment_uv.files import FileFacts, file_facts, read_json, verify_files, write_json
from garment_uv.outputs import present_folder, replaced_folder
from garment_uv.training.model_file import load_tensors, load_weights, save_tensors

BODY_JSON = "body_model.json"
BODY_WEIGHTS = "body_regressor.safetensors"
BODY_FILES = (BODY_JSON, BODY_WEIGHTS)
COMPANION = "body"
"""Folder inside a garment model's folder where its companion body network is looked for."""


class BodyCard(Config):
    """`body_model.json`."""

    schema_version: Literal[1] = 1
    config: BodyFitConfig
    config_digest: str
    epoch: int = Field(ge=0)
    """Epochs trained."""
    dataset_version: str
    """Digest of the dataset's manifest."""
    body_model: str
    """'anny' or 'smpl': the body whose parameters it says."""
    body_digest: str
    """Digest of that body model."""
    mean_depth_m: float = Field(gt=0)
    """Mean distance of the bodies that it was trained on: assumed for pictures of an unknown camera."""
    errors: dict[str, float] = {}
    """On the validation split after the last epoch: see `losses.body_errors`."""
    files: dict[str, FileFacts] = {}

    def check_body(self, name: str, digest: str, folder: Path) -> None:
        """UserError, naming the network's folder, unless it says the parameters of that body model."""
        if self.body_model != name or (digest and self.body_digest != digest):
            raise UserError(
                f"the body network {folder} was trained on the body {self.body_model!r} ({self.body_digest[:16]}), "
                f"wanted {name!r} ({digest[:16]}): train one on a dataset of that body"
            )


def save_body_model(folder: Path, network: BodyRegressor, card: BodyCard) -> None:
    """Write the folder, atomically; the card's own `files` are filled in."""
    with replaced_folder(folder, BODY_FILES) as fresh:
        write_body_model(fresh, network, card)


def write_body_model(folder: Path, network: BodyRegressor, card: BodyCard) -> None:
    """Write the files into an existing folder, for writers that make that whole themselves."""
    save_tensors(folder / BODY_WEIGHTS, network.state_dict())
    facts = {BODY_WEIGHTS: file_facts(folder / BODY_WEIGHTS).plain()}
    write_json(folder / BODY_JSON, card.with_values({"files": facts}).plain())


def load_body_model(folder: Path) -> tuple[BodyRegressor, BodyCard]:
    """The network (on the CPU, in eval mode) and its card; UserError when the folder is none or is damaged."""
    path = present_folder(Path(folder))
    values = read_json(path / BODY_JSON, "body model folder")
    card = BodyCard.from_plain(values)
    verify_files(path, card.files)
    if digest_of(values["config"]) != card.config_digest or BODY_WEIGHTS not in card.files:
        raise UserError(f"{path / BODY_JSON} was changed after it was written: take another copy of the body model")
    network = BodyRegressor(card.config.network)
    load_weights(network, load_tensors(path / BODY_WEIGHTS), path / BODY_WEIGHTS)
    return network.eval(), card


def companion(model_folder: Path) -> Path | None:
    """The body network's folder inside a garment model's folder, or None."""
    folder = Path(model_folder) / COMPANION
    return folder if (present_folder(folder) / BODY_JSON).exists() else None
