"""What a trial is by default, what it is not by default, and what a stored one means that says nothing of a field."""

import torch

from garment_uv.networks.blocks import count_parameters
from garment_uv.networks.config import GeneratorConfig
from garment_uv.networks.generator import GarmentGenerator
from garment_uv.training.config import EvaluationConfig, TrainingConfig
from garment_uv.training.trial import TrialConfig, published_architecture


def test_the_default_networks_are_far_smaller_than_the_published_ones():
    with torch.device("meta"):
        default, published = (
            count_parameters(GarmentGenerator(config.generator))["total"]
            for config in (TrialConfig(), published_architecture())
        )
    assert default < published / 5


def test_what_the_sweep_found_is_the_default_and_nothing_of_it_is_in_the_published_architecture():
    default, published = TrialConfig(), published_architecture()
    assert default.generator.texel_embedding and default.training.ema_decay == 0.99
    assert not published.generator.texel_embedding and published.training.ema_decay == 0
    assert default.training.mirror == "auto" and not published.training.mirror
    for config in (default, published):
        assert not (config.generator.unwrap_image or config.training.colour_jitter)


def test_a_stored_config_that_is_older_than_a_field_means_the_network_it_was_stored_with():
    stored = TrialConfig().plain()
    del stored["generator"]["texel_embedding"], stored["training"]["ema_decay"]
    read = TrialConfig.from_plain(stored)
    assert not read.generator.texel_embedding and read.training.ema_decay == 0
    assert read.generator.base_features == TrialConfig().generator.base_features
    assert not GeneratorConfig().texel_embedding


def test_an_option_that_has_not_won_is_off_in_every_network():
    network, training = GeneratorConfig(), TrainingConfig()
    assert not network.unwrap_image and network.local.class_pooling == "image" and network.segments == "given"
    assert not training.mirror and not training.colour_jitter and not EvaluationConfig().push_out
