"""What leaves the house: an exported program's graph, weights and answers."""

import hashlib
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from garment_uv.inference.card import PROGRAM, read_inference_card
from garment_uv.inference.export import export_model
from garment_uv.inference.program import load_program
from garment_uv.networks.generator import GarmentGenerator
from garment_uv.training.model_file import TrainedOn, save_model
from tests.garment_uv.cylinder import IMAGE, cylinder_atlas, small_config


@pytest.fixture(scope="module")
def inference_folder(tmp_path_factory):
    """Of a generator whose weights no processor has a say in."""
    work, rng = tmp_path_factory.mktemp("exported"), np.random.default_rng(0)
    config = small_config(**{"generator.frame": "body"})
    generator = GarmentGenerator(config.generator)
    with torch.no_grad():
        for name, value in sorted(generator.state_dict().items()):
            if value.is_floating_point() and name in dict(generator.named_parameters()):
                value.copy_(torch.from_numpy(rng.uniform(-0.1, 0.1, value.shape).astype(np.float32)))
    trained_on = TrainedOn(dataset_version="0" * 64, body_model="cylinder", image_size=IMAGE)
    save_model(work / "model", generator, config, cylinder_atlas(), trained_on, 3)
    export_model(work / "model", work / "inference")
    return work / "inference"


def test_an_exported_program_is_the_same(hold, inference_folder):
    program = torch.export.load(inference_folder / PROGRAM)
    card = read_inference_card(inference_folder)
    rng = np.random.default_rng(1)
    inputs = []
    for tensor in card.inputs:
        values = rng.integers(0, 7, tensor.shape) if "int" in tensor.dtype else rng.uniform(-0.5, 0.5, tensor.shape)
        inputs.append(torch.from_numpy(values).to(getattr(torch, tensor.dtype)))
    outputs = [output.detach().double() for output in load_program(inference_folder / PROGRAM)(*inputs)]
    figures = {
        tensor.name: [float(output.mean()), float(output.std()), *output.flatten()[::997].tolist()[:8]]
        for tensor, output in zip(card.outputs, outputs, strict=True)
    }
    bits = {
        "graph": _sha(_graph(program).encode()),
        "weights": _sha(
            b"".join(v.detach().contiguous().numpy().tobytes() for _, v in sorted(program.state_dict.items()))
        ),
        "config": card.config_digest,
        "atlas": card.atlas_digest,
        "weights_file": card.weights_sha256,
        "inputs": [f"{tensor.name} {tensor.dtype} {tensor.shape}" for tensor in card.inputs],
        "files": sorted(_inner(inference_folder / PROGRAM)),
    }
    hold(figures, relative=1e-4, absolute=1e-6, bits=bits)


def _graph(program: torch.export.ExportedProgram) -> str:
    """The graph as text, without where in our code each line came from."""
    return re.sub(r"#[^\n]*", "", str(program.graph))


def _inner(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return [name.partition("/")[2] for name in archive.namelist()]


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
