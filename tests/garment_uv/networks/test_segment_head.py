"""The segment head: the whole picture reaches every texel, and colours reach it as they are."""

import torch

from garment_uv.networks.config import GeneratorConfig
from garment_uv.networks.encoder import input_channels
from garment_uv.networks.generator import GarmentGenerator


def _head():
    torch.manual_seed(0)
    generator = GarmentGenerator(GeneratorConfig(base_features=4, residual_blocks=0))
    return generator.encoder, generator.segment_head


def test_the_vector_of_the_whole_picture_moves_every_texel(make_inputs):
    encoder, head = _head()
    encoded = encoder(*make_inputs(1, 64)[:3])
    before = head(encoded)
    with torch.no_grad():
        head.context.bias += 1.0
    moved = (head(encoded) - before).abs().amax(dim=1)
    assert before.shape == (1, 7, 64, 64)
    assert (moved > 0.05).float().mean() > 0.95


def test_inputs_reach_the_last_step_unnormalised(make_inputs):
    encoder, head = _head()
    encoded = encoder(*make_inputs(1, 32)[:3])
    brighter = encoded._replace(inputs=encoded.inputs + 0.5)
    assert (head(brighter) - head(encoded)).abs().mean() > 1e-2


def test_input_channels_follow_the_config():
    assert input_channels(GeneratorConfig(unwrap_image=True)) == 9
    assert input_channels(GeneratorConfig()) == 6
    assert input_channels(GeneratorConfig(condition_on_body=False)) == 3
