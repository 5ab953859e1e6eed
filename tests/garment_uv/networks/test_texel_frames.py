"""Frames on the posed body: orthonormal, turning with the body, and harmless where there is no surface."""

import pytest
import torch

from garment_uv.errors import UserError
from garment_uv.networks.config import GeneratorConfig
from garment_uv.networks.encoder import texel_frames, to_sample_frame
from garment_uv.networks.generator import GarmentGenerator


def _cylinder(size: int = 32) -> torch.Tensor:
    """A body map [1, 3, U, U] of an upright cylinder of radius 0.2 m; u goes round it, v down."""
    angle = torch.linspace(-1.2, 1.2, size)[None, :].expand(size, size)
    height = torch.linspace(0.5, -0.5, size)[:, None].expand(size, size)
    return torch.stack((0.2 * angle.cos(), 0.2 * angle.sin(), height))[None]


def _turn(angle: float) -> torch.Tensor:
    c, s = torch.tensor(angle).cos(), torch.tensor(angle).sin()
    return torch.tensor([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def test_frames_are_orthonormal_and_hold_the_surface_normal():
    body = _cylinder()
    frames = texel_frames(body)
    product = torch.einsum("bikuv,bjkuv->bijuv", frames, frames)
    torch.testing.assert_close(product, torch.eye(3)[None, :, :, None, None].expand_as(product), atol=1e-5, rtol=0)
    radial = body.clone()
    radial[:, 2] = 0
    radial /= radial.norm(dim=1, keepdim=True)
    cosine = (frames[:, 2] * radial).sum(dim=1)[:, 1:-1, 1:-1]
    torch.testing.assert_close(cosine.abs(), torch.ones_like(cosine), atol=1e-4, rtol=0)


def test_vectors_in_frames_turn_with_the_body():
    body, turn = _cylinder(), _turn(0.7)
    turned = torch.einsum("ij,bjuv->biuv", turn, body)
    local = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    before = torch.einsum("ij,bjuv->biuv", turn, to_sample_frame(local, texel_frames(body)))
    torch.testing.assert_close(to_sample_frame(local, texel_frames(turned)), before, atol=1e-5, rtol=0)


def test_where_there_is_no_surface_the_frame_is_the_identity():
    frames = texel_frames(torch.zeros(1, 3, 8, 8))
    assert torch.equal(frames, torch.eye(3)[None, :, :, None, None].expand(1, 3, 3, 8, 8))


@pytest.mark.parametrize("condition", (True, False))
def test_a_generator_with_body_frames_runs_whether_or_not_it_reads_the_body(condition):
    config = GeneratorConfig(
        base_features=4, global_downsamples=0, residual_blocks=0, frame="body", condition_on_body=condition
    )
    output = GarmentGenerator(config)(torch.zeros(1, 3, 32, 32), _cylinder(), torch.tensor([[4.0, 0.0, 0.0]]))
    assert torch.isfinite(output.displacement).all()


@pytest.mark.parametrize("frame", ("body", "surface"))
def test_positions_have_no_body_frames(frame):
    with pytest.raises(UserError, match=f"frame '{frame}'"):
        GeneratorConfig(frame=frame, target="position")


def test_a_generator_of_surface_frames_speaks_in_those_it_is_given():
    config = GeneratorConfig(base_features=4, global_downsamples=0, residual_blocks=0, frame="surface")
    inputs = (torch.rand(1, 3, 32, 32), _cylinder(), torch.tensor([[4.0, 0.0, 0.0]]), torch.zeros(1, 32, 32).long())
    generator = GarmentGenerator(config).eval()
    with pytest.raises(ValueError, match="needs the frames"):
        generator(*inputs)
    assert generator.needs_frames and not GarmentGenerator(config.with_values({"frame": "body"})).needs_frames
    plain = generator(*inputs, torch.eye(3)[None, :, :, None, None].expand(1, 3, 3, 32, 32)).displacement
    turned = generator(*inputs, _turn(0.7).T[None, :, :, None, None].expand(1, 3, 3, 32, 32)).displacement
    torch.testing.assert_close(turned, torch.einsum("ij,bjuv->biuv", _turn(0.7), plain), atol=1e-6, rtol=0)
    assert plain.abs().max() > 1e-6
