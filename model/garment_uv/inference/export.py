"""Writes a trained generator as one program, by torch.export: unlike ONNX's, bit for bit what the network says.

Class branches run over the whole canvas here, since a program has fixed shapes; training cuts out each wearer's box,
which is the same function. That the two agree is checked whenever a program is written.
"""

import copy
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from torch import nn

from garment_uv.errors import UserError
from garment_uv.files import file_digest, file_facts, write_json
from garment_uv.inference.card import CARD, PROGRAM, InferenceCard, described
from garment_uv.inference.program import load_program
from garment_uv.networks.generator import GarmentGenerator
from garment_uv.networks.local_path import ClassBranches
from garment_uv.outputs import check_replaceable, replaced_folder
from garment_uv.training.model_file import ATLAS, WEIGHTS, load_model, read_card

FILES = (PROGRAM, ATLAS, CARD)
CANVAS_M = 1e-5
"""By how much a displacement may differ between boxes and whole canvas, metres: rounding."""


class _WholeCanvas(nn.Module):
    """Class branches over the whole canvas; inside the masks the same as over boxes, outside them zero too."""

    def __init__(self, branches: ClassBranches) -> None:
        super().__init__()
        self.inner = branches

    def branch_masks(self, masks: torch.Tensor) -> torch.Tensor:
        return self.inner.branch_masks(masks)

    def forward(self, features: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        cut = [masks[:, [number]] for number in range(len(self.inner.branches))]
        maps = [branch(features * mask) for branch, mask in zip(self.inner.branches, cut, strict=True)]
        return torch.stack([self.inner.unit.bounded(each) * mask for each, mask in zip(maps, cut, strict=True)], dim=1)


class _Program(nn.Module):
    """The generator as a program: tensors in, two tensors out."""

    def __init__(self, generator: GarmentGenerator) -> None:
        super().__init__()
        self.generator = copy.deepcopy(generator)
        if self.generator.local_path is not None:
            self.generator.local_path.branches = _WholeCanvas(self.generator.local_path.branches)  # type: ignore[assignment]

    def forward(self, image, body_uv, camera, segments, *frames):
        output = self.generator(image, body_uv, camera, segments, *frames)
        return output.displacement, output.segment_logits


def export_model(model_folder: Path, out: Path) -> float:
    """Writes program, atlas and card of a model into the folder `out`, atomically.

    Answers by how much its displacements differ from the generator's, metres, on made-up inputs with all classes. What
    was written has been read back and gives, bit for bit, what the network in it gives. UserError where the folder is
    no model, `out` holds anything else, or what was read back differs; CannotWrite where nothing may be written.
    """
    check_replaceable(out, FILES)
    card = read_card(model_folder)
    generator, config, atlas = load_model(model_folder)
    inputs, outputs = described(card.trained_on.image_size, atlas.size, generator.needs_frames)
    example = _example(card.trained_on.image_size, atlas.size)
    if generator.needs_frames:
        example += (torch.from_numpy(np.random.default_rng(1).normal(size=inputs[-1].shape).astype(np.float32)),)
    network = _Program(generator).eval()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="No complete tensor found")
        expected = network(*example)
        straight = generator(*example)
        program = torch.export.export(network, example, strict=False)
        with replaced_folder(out, FILES) as fresh:
            content = BytesIO()  # on a full disk torch's own writer ends the process
            torch.export.save(program, content)
            (fresh / PROGRAM).write_bytes(content.getvalue())
            again = load_program(fresh / PROGRAM)(*example)
            gap = float((expected[0] - straight.displacement).abs().max())
            if not all(torch.equal(one, other) for one, other in zip(again, expected, strict=True)) or gap > CANVAS_M:
                raise UserError(
                    f"the program made of {model_folder} does not give what the model gives (displacements up to "
                    f"{gap:g} m apart): use the model folder itself, and report it"
                )
            atlas.save(fresh / ATLAS)
            made = InferenceCard(
                inputs=inputs,
                outputs=outputs,
                trained_on=card.trained_on,
                push_out=config.evaluation.push_out,
                reading=config.generator.reading,
                epoch=card.epoch,
                config_digest=card.config_digest,
                weights_sha256=card.files[WEIGHTS].sha256,
                torch_version=torch.__version__,
                atlas_digest=atlas.digest,
                files={name: file_facts(fresh / name) for name in (PROGRAM, ATLAS)},
            )
            write_json(fresh / CARD, made.plain())
    return gap


def program_sha256(folder: Path) -> str:
    """sha256 of an inference folder's program."""
    return file_digest(folder / PROGRAM)[1]


def _example(image: int, size: int) -> tuple[torch.Tensor, ...]:
    """One made-up sample whose segments hold every class."""
    rng = np.random.default_rng(0)
    numbers = [rng.uniform(-1, 1, shape).astype(np.float32) for shape in ((1, 3, image, image), (1, 3, size, size))]
    segments = np.broadcast_to(np.arange(size) * 7 // size, (1, size, size))
    camera = np.array([[4.5, 0.0, 0.2]], np.float32)
    return (*map(torch.from_numpy, [*numbers, camera]), torch.from_numpy(segments.astype(np.int64)))
