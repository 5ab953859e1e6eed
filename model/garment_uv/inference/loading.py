"""A model for use, from a model folder or from an inference folder."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from garment_uv.errors import UserError
from garment_uv.inference.card import CARD, PROGRAM, read_inference_card
from garment_uv.inference.program import ExportedGenerator, load_program
from garment_uv.training.device import resolve_device
from garment_uv.training.model_file import ATLAS, TrainedOn, load_model, read_card
from garment_uv.uv.atlas import Atlas


@dataclass(frozen=True)
class Usable:
    """What it takes to make garments of a picture."""

    generator: nn.Module
    atlas: Atlas
    trained_on: TrainedOn
    push_out: bool
    """Whether vertices inside the body are to be moved out of it."""


def load_for_use(folder: Path, device: str = "auto") -> Usable:
    """The model in `folder`; UserError where it is neither kind, or is damaged. Programs stay on the CPU."""
    folder = Path(folder)
    if not (folder / CARD).exists():
        card = read_card(folder)
        generator, config, atlas = load_model(folder)
        return Usable(generator.to(resolve_device(device)), atlas, card.trained_on, config.evaluation.push_out)
    made = read_inference_card(folder)
    atlas = Atlas.load(folder / ATLAS)
    if atlas.digest != made.atlas_digest:
        raise UserError(f"{folder / ATLAS} is not the atlas of its program: take another copy of the folder")
    generator = ExportedGenerator(load_program(folder / PROGRAM), made.reading)  # type: ignore[assignment]
    return Usable(generator.to(torch.device("cpu")), atlas, made.trained_on, made.push_out)
