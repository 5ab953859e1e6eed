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
FRAMES = "frames"


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

    @property
    def needs_frames(self) -> bool:
        """Whether the program takes the frames of the posed surface, its last input."""
        return any(tensor.name == FRAMES for tensor in self.inputs)


def read_inference_card(folder: Path) -> InferenceCard:
    """The card of an inference folder, its files checked by sha256; UserError for anything else."""
    path = present_folder(Path(folder))
    card = InferenceCard.from_plain(read_json(path / CARD, "inference folder"))
    verify_files(path, card.files)
    return card


def described(image: int, size: int, frames: bool = False) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """Inputs and outputs of a program for pictures of `image` px and maps of `size` texels; some ask for frames."""
    surface = "tangent, bitangent, normal of the posed surface: garment_uv.uv.frames"
    inputs = (
        ("image", (1, 3, image, image), "float32", "RGB of +-1.25 m around the root, -1 to 1"),
        ("body_uv", (1, 3, size, size), "float32", "posed body at each texel, metres, z up"),
        ("camera", (1, 3), "float32", "camera relative to the root, metres; looks along -x"),
        ("segments", (1, size, size), "int64", "class of each texel, 0 none; zero if unknown"),
        *([(FRAMES, (1, 3, 3, size, size), "float32", surface)] if frames else []),
    )
    outputs = (
        ("displacement", (1, 3, size, size), "float32", "garment minus body, metres"),
        ("segment_logits", (1, 7, size, size), "float32", "of each class; asks no segments"),
    )
    return _tensors(inputs), _tensors(outputs)


def _tensors(rows: tuple[tuple[str, tuple[int, ...], str, str], ...]) -> tuple[Tensor, ...]:
    return tuple(Tensor(name=name, shape=shape, dtype=dtype, what=what) for name, shape, dtype, what in rows)
