"""`inference.json`: what an exported model takes, what it gives, and which files it is made of."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from garment_uv.config import Config
from garment_uv.files import FileFacts, read_json, verify_files
from garment_uv.outputs import present_folder
from garment_uv.training.model_file import TrainedOn

CARD = "inference.json"
PROGRAM = "program.pt2"


class Tensor(Config):
    """One input or output of the program."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    what: str
    """With its unit."""


class InferenceCard(Config):
    """What belongs to a program. One picture at a time, on the CPU."""

    schema_version: int = Field(default=1, ge=1, le=1)
    inputs: tuple[Tensor, ...]
    """In the order in which the program takes them."""
    outputs: tuple[Tensor, ...]
    trained_on: TrainedOn
    push_out: bool
    """Whether vertices inside the body are to be moved out of it afterwards."""
    reading: Literal["bilinear", "nearest"] = "bilinear"
    """How vertices are read from the displacement's map."""
    epoch: int
    config_digest: str
    """Of the trial that the model is from."""
    weights_sha256: str
    """Of the weights that the program was made of."""
    torch_version: str
    """That made the program; later ones read it."""
    atlas_digest: str
    files: dict[str, FileFacts]


def read_inference_card(folder: Path) -> InferenceCard:
    """The card of an inference folder, its files checked by sha256; UserError for anything else."""
    path = present_folder(Path(folder))
    card = InferenceCard.from_plain(read_json(path / CARD, "inference folder"))
    verify_files(path, card.files)
    return card


def described(image: int, size: int) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """Inputs and outputs of a program for pictures of `image` px and maps of `size` texels."""
    inputs = (
        Tensor(
            name="image", shape=(1, 3, image, image), dtype="float32", what="RGB of +-1.25 m around the root, -1 to 1"
        ),
        Tensor(
            name="body_uv", shape=(1, 3, size, size), dtype="float32", what="posed body at each texel, metres, z up"
        ),
        Tensor(
            name="camera", shape=(1, 3), dtype="float32", what="camera relative to the root, metres; looks along -x"
        ),
        Tensor(
            name="segments", shape=(1, size, size), dtype="int64", what="class of each texel, 0 none; zero if unknown"
        ),
    )
    outputs = (
        Tensor(name="displacement", shape=(1, 3, size, size), dtype="float32", what="garment minus body, metres"),
        Tensor(
            name="segment_logits", shape=(1, 7, size, size), dtype="float32", what="of each class; asks no segments"
        ),
    )
    return inputs, outputs
