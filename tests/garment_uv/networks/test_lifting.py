"""A cylinder before a camera: what is drawn, what is seen, and which pixels a texel gets, against closed forms."""

import numpy as np
import pytest
import torch

from garment_uv.geometry.picture_square import crop_coordinates, to_square
from garment_uv.networks.lifting import flip_halves, lift, lifted_channels
from garment_uv.networks.person_view import CHANNELS, NOTHING_M, view_person

RADIUS, HALF_HEIGHT, SIZE = 0.2, 0.6, 96
CAMERA = torch.tensor([[4.0, 0.3, 0.2]])


@pytest.fixture(scope="module")
def cylinder() -> tuple[torch.Tensor, torch.Tensor]:
    """Body map and outward normals [1, 3, 64, 64]: the half towards the camera left, the other right."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, 30)
    body, normal = np.zeros((3, 64, 64)), np.zeros((3, 64, 64))
    for first, turn in ((1, 0.0), (33, np.pi)):
        for row in range(64):
            out = np.stack([np.cos(angle + turn), np.sin(angle + turn), np.zeros(30)])
            body[:, row, first : first + 30] = RADIUS * out + np.array([[0], [0], [HALF_HEIGHT * (1 - row / 31.5)]])
            normal[:, row, first : first + 30] = out
    return torch.from_numpy(body).float()[None], torch.from_numpy(normal).float()[None]


def rays(square: torch.Tensor) -> np.ndarray:
    """Directions [N, N, 3] through the square's pixels: the picture is the plane x = 0, 2.5 m wide, around the root."""
    steps = (np.arange(SIZE) + 0.5) * (2 / SIZE) - 1
    right, down = square[0, 0].item() + steps * square[0, 2].item(), square[0, 1].item() + steps * square[0, 2].item()
    across, below = np.meshgrid(right * 1.25, down * 1.25)
    return np.stack([np.zeros_like(across), across, -below], axis=-1) - CAMERA[0].numpy()


def test_the_drawn_depth_is_where_rays_meet_the_cylinder(cylinder):
    body, normals = cylinder
    view = view_person(torch.zeros(1, 3, 128, 128), torch.ones(1, 1, 128, 128), body, normals, CAMERA, SIZE)
    assert view.pixels.shape == (1, CHANNELS, SIZE, SIZE)
    away = rays(view.square)
    eye = CAMERA[0].numpy().astype(float)
    a = away[..., 0] ** 2 + away[..., 1] ** 2
    b = 2 * (away[..., 0] * eye[0] + away[..., 1] * eye[1])
    c = eye[0] ** 2 + eye[1] ** 2 - RADIUS**2
    root = b**2 - 4 * a * c
    t = (-b - np.sqrt(np.maximum(root, 0))) / (2 * a)
    point = eye + t[..., None] * away
    hit = (root > 0) & (np.abs(point[..., 2]) < HALF_HEIGHT)
    depth, drawn = view.depth[0, 0].numpy(), view.depth[0, 0].numpy() < NOTHING_M
    inner = hit & (np.abs(point[..., 1]) < 0.8 * RADIUS) & (np.abs(point[..., 2]) < HALF_HEIGHT - 0.05)
    assert inner.sum() > 500 and drawn[inner].all()
    assert np.abs(depth - (eye[0] - point[..., 0]))[inner].max() < 0.02
    assert (drawn & ~hit).sum() < 0.12 * hit.sum()  # no more than the rim, and the inside seen through the open ends
    facing = view.pixels[0, 6:].permute(1, 2, 0).numpy()
    assert np.abs(facing - point * [1, 1, 0] / RADIUS)[inner].max() < 0.15


def test_a_texel_gets_the_features_of_its_own_pixels_at_each_height(cylinder):
    body, normals = cylinder
    view = view_person(torch.zeros(1, 3, 128, 128), torch.ones(1, 1, 128, 128), body, normals, CAMERA, SIZE)
    steps = (torch.arange(SIZE) + 0.5) * (2 / SIZE) - 1
    places = torch.stack(torch.meshgrid(steps, steps, indexing="xy"))[None]  # each pixel's own place in the square
    heights = (0.0, 0.05)
    maps = lift(places, view, body, normals, CAMERA, heights)
    assert maps.shape[1] == lifted_channels(2, len(heights))
    covered = (body != 0).any(dim=1)[0]
    for number, height in enumerate(heights):
        point = (body + height * normals)[0].permute(1, 2, 0)[covered].numpy().astype(float)
        eye = CAMERA[0].numpy().astype(float)
        share = eye[0] / (eye[0] - point[:, 0])
        on_plane = eye + share[:, None] * (point - eye)
        wanted = (np.stack([on_plane[:, 1], -on_plane[:, 2]], axis=1) / 1.25 - view.square[0, :2].numpy()) / (
            view.square[0, 2].item()
        )
        found = maps[0, 2 * number : 2 * number + 2][:, covered].T.numpy()
        assert np.abs(found - wanted).max() < 1e-3
    assert not maps[:, :, ~covered].any()


def test_the_half_away_from_the_camera_is_hidden_and_gets_its_mirrors_features(cylinder):
    body, normals = cylinder
    view = view_person(torch.zeros(1, 3, 128, 128), torch.ones(1, 1, 128, 128), body, normals, CAMERA, SIZE)
    maps = lift(torch.ones(1, 1, SIZE, SIZE), view, body, normals, CAMERA, (0.0,))
    mirrored, mirror_seen, covered, visible, angle = maps[0, 1:6]
    towards = (normals[0, 0] > 0.6) & (covered > 0)
    behind = (normals[0, 0] < -0.5) & (covered > 0)
    assert visible[towards].all() and not visible[behind].any()
    assert (angle[towards] > 0).all() and (angle[behind] < 0).all()
    assert torch.equal(mirror_seen, flip_halves(visible))
    assert mirrored[covered > 0].all()


def test_a_square_moves_with_the_person_and_not_with_the_void(cylinder):
    body, _ = cylinder
    covered = (body != 0).any(dim=1, keepdim=True)
    moved = torch.where(covered, body + torch.tensor([0.0, 0.4, 0.0]).view(1, 3, 1, 1), body)
    normals = torch.zeros_like(body)
    squares = [
        view_person(torch.zeros(1, 3, 64, 64), torch.ones(1, 1, 64, 64), each, normals, CAMERA, 32).square
        for each in (body, moved)
    ]
    shift = squares[1] - squares[0]
    assert shift[0, 0] == pytest.approx(0.4 / 1.25, rel=0.06) and abs(shift[0, 1]) < 1e-3
    corners = to_square(crop_coordinates(moved.permute(0, 2, 3, 1)[covered[:, 0]][None], CAMERA), squares[1])
    assert corners.abs().max() < 1


def test_light_outside_the_mask_is_black_whatever_the_background(cylinder):
    body, normals = cylinder
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 20:40, 28:36] = 1
    views = [
        view_person(torch.where(mask > 0, torch.zeros(()), each), mask, body, normals, CAMERA, SIZE).pixels
        for each in (torch.full((1, 3, 64, 64), -1.0), torch.full((1, 3, 64, 64), 0.7))
    ]
    assert torch.equal(*views)
    assert views[0][:, :3].min() == -1 and views[0][:, 3].max() == 1
