"""Learned features of each place on the map: neutral at first, the same for every sample, at any size of map."""

import pytest
import torch
import torch.nn.functional as F

from garment_uv.networks.config import GeneratorConfig, LocalBranchConfig
from garment_uv.networks.encoder import SIZE, TexelEmbedding
from garment_uv.networks.generator import GarmentGenerator


def generator(**values) -> GarmentGenerator:
    torch.manual_seed(0)
    local = LocalBranchConfig(features=6, kernel=3)
    return GarmentGenerator(GeneratorConfig(base_features=4, residual_blocks=1, local=local, **values))


def test_an_untrained_embedding_changes_nothing(make_inputs):
    inputs = make_inputs(2, 64)
    plain, placed = generator(), generator(texel_embedding=True)
    assert torch.equal(plain(*inputs).displacement, placed(*inputs).displacement)
    assert set(placed.state_dict()) - set(plain.state_dict()) == {"encoder.place.features"}


@pytest.mark.parametrize("size", [64, 128, 256])
def test_gradients_reach_every_place_at_any_size_of_map(make_inputs, size):
    placed = generator(texel_embedding=True)
    placed(*make_inputs(1, size)).displacement.square().sum().backward()
    gradient = placed.encoder.place.features.grad
    assert gradient.shape == (1, 16, SIZE, SIZE)
    assert (gradient.abs().sum(dim=1) > 0).all()


def test_the_same_is_added_to_every_sample_and_interpolated_between_places():
    embedding = TexelEmbedding(3)
    with torch.no_grad():
        embedding.features.normal_()
    features = torch.randn(2, 3, SIZE, SIZE)
    torch.testing.assert_close(embedding(features) - features, embedding.features.expand(2, -1, -1, -1))
    zeros = torch.zeros(1, 3, 2 * SIZE, 2 * SIZE, dtype=torch.bfloat16)
    assert embedding(zeros).dtype == torch.bfloat16
    halved = F.avg_pool2d(embedding(zeros.float()), 2)[..., 1:-1, 1:-1]
    places = embedding.features.detach()
    smooth = F.conv2d(places, _between().expand(3, 1, 3, 3), groups=3)
    torch.testing.assert_close(halved.detach(), smooth)


def test_what_convolutions_cannot_tell_apart_the_embedding_can(make_inputs):
    image, body, camera, segments = make_inputs(1, 64)
    same = torch.zeros_like(image), torch.zeros_like(body), camera, torch.ones_like(segments)
    placed = generator(texel_embedding=True)

    def spread() -> float:
        inner = placed.encoder(*same[:3]).quarter[..., 4:12, 4:12]
        return float(inner.detach().std(dim=(2, 3)).max())

    assert spread() < 1e-5
    with torch.no_grad():
        placed.encoder.place.features.normal_()
    assert spread() > 0.1


def _between() -> torch.Tensor:
    """The weights with which the mean of a place's four texels, at twice the size, takes the places around it."""
    row = torch.tensor([0.125, 0.75, 0.125])
    return (row[:, None] * row[None, :]).reshape(1, 1, 3, 3)
