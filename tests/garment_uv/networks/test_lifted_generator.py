"""The generator with `image='lifted'`: what it gives, what reaches it, and what it refuses."""

import pytest
import torch

from garment_uv.classes import COMBINATIONS
from garment_uv.errors import UserError
from garment_uv.networks.config import GeneratorConfig, LiftedConfig, LocalBranchConfig
from garment_uv.networks.generator import GarmentGenerator
from tests.garment_uv.networks.test_lifting import cylinder  # noqa: F401


def lifted(**values) -> GarmentGenerator:
    torch.manual_seed(0)
    config = GeneratorConfig(
        image="lifted",
        lifted=LiftedConfig(pixels=64, width=8, features=4, code=16),
        base_features=8,
        residual_blocks=1,
        local=LocalBranchConfig(features=8),
        **values,
    )
    return GarmentGenerator(config)


@pytest.fixture
def inputs(cylinder):  # noqa: F811
    """Image, body map, camera, segments and frames of two samples."""
    body, normals = (each.repeat(2, 1, 1, 1) for each in cylinder)
    image = torch.rand(2, 3, 80, 80, generator=torch.Generator().manual_seed(1)) * 2 - 1
    segments = (body != 0).any(dim=1).long() * 2
    segments[1] *= 3
    frames = torch.stack((torch.ones_like(normals), torch.ones_like(normals), normals), dim=1)
    return image, body, torch.tensor([[4.0, 0.3, 0.2]] * 2), segments, frames


@pytest.mark.parametrize("frame", ["sample", "surface"])
def test_maps_outfit_and_parsing_come_out_and_every_weight_learns(inputs, frame):
    generator = lifted(frame=frame)
    output = generator(*inputs)
    assert output.displacement.shape == (2, 3, 64, 64) and output.segment_logits.shape == (2, 7, 64, 64)
    assert output.outfit_logits.shape == (2, len(COMBINATIONS)) and output.parsing_logits.shape == (2, 8, 32, 32)
    assert output.square.shape == (2, 3)
    parts = [output.segment_logits, output.parsing_logits, output.class_logits, output.outfit_logits + 1]
    total = output.displacement.square().mean() * 1e3 + sum(part.square().mean() for part in parts)
    total.backward()
    for name, parameter in generator.named_parameters():
        unused = name.startswith("local_path.branches") and parameter.grad is None
        assert unused or torch.isfinite(parameter.grad).all(), name


def test_a_texels_segment_hangs_on_the_pixels_that_show_it_and_not_on_the_void(inputs):
    image, *others = inputs
    image = image.clone().requires_grad_()
    generator = lifted().eval()
    mask = torch.full((2, 80, 80), 255, dtype=torch.uint8)
    mask[:, :, :10] = 0
    generator(image, *others, mask=mask).segment_logits.square().sum().backward()
    assert image.grad[:, :, :, 30:50].abs().sum() > 0
    assert image.grad[:, :, :, :9].abs().sum() == 0


def test_without_a_mask_what_is_black_is_nobody(inputs):
    image, *others = inputs
    image = image.clone()
    image[:, :, :, :20] = -1.0
    generator = lifted().eval()
    mask = torch.full((2, 80, 80), 255, dtype=torch.uint8)
    mask[:, :, :20] = 0
    with torch.no_grad():
        assert torch.equal(generator(image, *others).displacement, generator(image, *others, mask=mask).displacement)


def test_the_segments_alone_are_those_of_the_whole_generator(inputs):
    image, body, camera, segments, frames = inputs
    generator = lifted().eval()
    with torch.no_grad():
        alone = generator.see_segments(image, body, camera, frames)
        assert torch.equal(alone, generator(image, body, camera, segments, frames).segment_logits)


def test_what_does_not_go_together_is_refused(inputs):
    with pytest.raises(ValueError, match="needs the frames of the posed surface"):
        lifted()(*inputs[:4])
    for wrong in ({"unwrap_image": True}, {"condition_on_body": False}):
        with pytest.raises(UserError, match="image 'lifted' needs the body"):
            GeneratorConfig.from_plain({"image": "lifted", **wrong})
    with pytest.raises(UserError, match="pixels"):
        LiftedConfig.from_plain({"pixels": 100})
    with pytest.raises(UserError, match="heights are metres from -0.1 to 0.5"):
        LiftedConfig.from_plain({"heights": [0.0, 3.0]})
