"""Frames of the posed surface: against plain NumPy on several poses, and read back from the map."""

import numpy as np
import pytest
import torch

from garment_uv.body import AnnyBody
from garment_uv.body.protocol import BodyParameters
from garment_uv.networks.encoder import texel_frames
from garment_uv.uv.build import build_atlas
from garment_uv.uv.fill import body_map
from garment_uv.uv.frames import SurfaceFrames
from garment_uv.uv.sampling import MapSampler

POSES = 4


@pytest.fixture(scope="module")
def atlas(spread_atlas):
    return spread_atlas


@pytest.fixture(scope="module")
def frames_of(atlas):
    return SurfaceFrames(atlas)


@pytest.fixture(scope="module")
def posed(small_open_body):
    """Bodies float32 [POSES, V, 3] with every joint bent at random, of both genders; the first one is at rest."""
    rng, body = np.random.default_rng(0), AnnyBody()
    found = []
    for number in range(POSES):
        pose, shape = rng.normal(0, 0.3, 72) * (number > 0), rng.normal(0, 1, 10)
        found.append(
            small_open_body.vertices(
                body.pose(BodyParameters(number % 2, shape.astype(np.float32), pose.astype(np.float32)))
            )
        )
    return np.stack(found)


def plain_frames(atlas, vertices):
    """The same frames by the inverse of each triangle's map, in float64."""
    vertices, faces = vertices.astype(float), atlas.faces["default"]
    normals, tangents = np.zeros_like(vertices), np.zeros_like(vertices)
    (a, b, c), (p, q, r) = vertices[faces].transpose(1, 0, 2), atlas.points[atlas.uv_faces].transpose(1, 0, 2)
    to_uv = np.stack([q - p, r - p], axis=2)
    along_u = (np.stack([b - a, c - a], axis=2) @ np.linalg.inv(to_uv))[:, :, 0]
    areas = 0.5 * np.abs(np.linalg.det(to_uv))
    for corner in range(3):
        np.add.at(normals, faces[:, corner], np.cross(b - a, c - a))
        np.add.at(tangents, faces[:, corner], along_u * areas[:, None])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    tangents -= (tangents * normals).sum(axis=1, keepdims=True) * normals
    tangents /= np.linalg.norm(tangents, axis=1, keepdims=True)
    return np.stack([tangents, np.cross(normals, tangents), normals], axis=1)


def test_frames_are_those_of_the_mesh_face_by_face(atlas, frames_of, posed):
    found = frames_of.at_vertices(torch.from_numpy(posed)).numpy()
    for number in range(POSES):
        np.testing.assert_allclose(found[number], plain_frames(atlas, posed[number]), atol=2e-3)
    product = found @ found.transpose(0, 1, 3, 2)
    np.testing.assert_allclose(product, np.broadcast_to(np.eye(3), product.shape), atol=2e-6)
    assert (np.linalg.det(found) > 0.999).all()


def test_a_normal_written_and_read_back_has_length_one_at_every_vertex(atlas, frames_of, posed):
    read = MapSampler(atlas)
    maps = frames_of(torch.from_numpy(posed))
    assert maps.shape == (POSES, 3, 3, 128, 128) and maps.dtype == torch.float32
    back = torch.stack([read(maps[:, axis]) for axis in range(3)], dim=2)
    assert (back.norm(dim=3) - 1).abs().max() < 1e-3
    torch.testing.assert_close(back, frames_of.at_vertices(torch.from_numpy(posed)), atol=2e-3, rtol=0)
    seam = np.bincount(atlas.point_vertex) > 1
    differences = texel_frames(torch.from_numpy(np.stack([body_map(atlas, body) for body in posed])))
    assert read(differences[:, 2]).norm(dim=2)[:, seam].mean() < 0.9


def test_frames_turn_with_the_body(frames_of, posed):
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    before = frames_of.at_vertices(torch.from_numpy(posed)).numpy()
    after = frames_of.at_vertices(torch.from_numpy((posed @ turn.T + 0.3).astype(np.float32))).numpy()
    np.testing.assert_allclose(after, before @ turn.T, atol=2e-3)
    covered = frames_of._elsewhere.reshape(128, 128) == 0
    maps, turned = (
        frames_of(torch.from_numpy(bodies.astype(np.float32)))[..., covered] for bodies in (posed, posed @ turn.T)
    )
    found = torch.einsum("ij,bkjt->bkit", torch.from_numpy(turn.astype(np.float32)), maps)
    torch.testing.assert_close(turned, found, atol=5e-3, rtol=0)


def test_where_there_is_no_surface_frames_are_the_identity(atlas, frames_of):
    maps = frames_of(torch.zeros(1, atlas.num_vertices, 3))
    assert torch.equal(frames_of.at_vertices(torch.zeros(1, 5 + atlas.num_vertices - 5, 3))[0, 7], torch.eye(3))
    torch.testing.assert_close(maps[0, :, :, 0, 64], torch.eye(3))
    assert torch.isfinite(maps).all()


def test_no_gradient_passes_and_nothing_is_stored(frames_of, posed):
    bodies = torch.from_numpy(posed[:1]).requires_grad_()
    assert not frames_of(bodies).requires_grad and not frames_of.state_dict()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert frames_of(bodies).dtype == torch.float32


def test_on_a_crowded_layout_frames_are_near(small_open_body, posed):
    crowded = build_atlas(small_open_body, 128)
    read, maps = MapSampler(crowded), SurfaceFrames(crowded)(torch.from_numpy(posed[:1]))
    off = (read(maps[:, 2]).norm(dim=2) - 1).abs()
    differences = texel_frames(torch.from_numpy(body_map(crowded, posed[0])[None]))
    assert torch.isfinite(maps).all() and maps.norm(dim=2).max() < 30
    assert off.mean() < 0.03 and off.mean() < 0.7 * (read(differences[:, 2]).norm(dim=2) - 1).abs().mean()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_gives_the_same(atlas, posed):
    bodies = torch.from_numpy(posed)
    there = SurfaceFrames(atlas).cuda()(bodies.cuda()).cpu()
    torch.testing.assert_close(there, SurfaceFrames(atlas)(bodies), atol=1e-3, rtol=0)
