"""The person's square of a picture: its pixels, and the told body in it as depth and normals (ours).

The body is drawn from its map: the map's texels, made so dense that no pixel is missed, fall onto the square, and the
nearest stays. Plain tensor operations do it, in the batch, on a CPU or a GPU and in an exported program alike.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F

from garment_uv.geometry.picture_square import crop_coordinates, pixels_of, to_square

MARGIN = 0.08
"""Between the body and the square's side, by the side of the sample's picture: 0.2 m, since skirts reach out."""
DENSE_TEXELS = 256
"""Texels along a side of the map that is drawn."""
SURFACE_M = 0.02
"""Points so near behind the nearest belong to the surface that is seen, metres."""
NOTHING_M = 1e3
"""Depth where no body is."""
JUMP_M = 6.4
"""Neighbouring texels of a map of U belong to two parts of the body when they are more than `JUMP_M` / U apart, metres:
three times as far as texels are."""
CRACK_PIXELS = 5
"""Cracks of less than so many pixels are closed."""
CHANNELS = 9
"""Of `PersonView.pixels`."""


class PersonView(NamedTuple):
    """B persons, each in a square of N pixels a side."""

    pixels: torch.Tensor
    """[B, 9, N, N] colour in [-1, 1], black where no person is; the person's mask; the body's mask, depth towards the
    camera from the root (m) and normal, 0 where no body is."""
    square: torch.Tensor
    """[B, 3] middle (right, down) and half side, in the coordinates of the sample's picture, -1 to 1."""
    depth: torch.Tensor
    """[B, 1, N, N] distance of the body from the camera's plane (m), `NOTHING_M` where there is none."""


def view_person(
    image: torch.Tensor,
    mask: torch.Tensor,
    body_uv: torch.Tensor,
    normals: torch.Tensor,
    camera: torch.Tensor,
    size: int,
) -> PersonView:
    """The square around the body's own projection, `size` pixels a side.

    Of image [B, 3, I, I] in [-1, 1], mask [B, 1, I, I] from 0 to 1, body map and its normals [B, 3, U, U] and camera
    [B, 3] (m).
    """
    covered = (body_uv != 0).any(dim=1, keepdim=True)
    places = crop_coordinates(body_uv.permute(0, 2, 3, 1), camera)
    square = square_around(places, covered)
    depth, normal = _drawn(body_uv, normals, covered, camera, square, size)
    grid = pixels_of(square, size)
    light = F.grid_sample((image.float() + 1) / 2 * mask, grid, align_corners=False)
    person = F.grid_sample(mask, grid, align_corners=False)
    body = (depth < NOTHING_M).float()
    near = (camera[:, 0].view(-1, 1, 1, 1) - depth) * body
    return PersonView(torch.cat((light * 2 - 1, person, body, near, normal), dim=1), square, depth)


def square_around(places: torch.Tensor, covered: torch.Tensor) -> torch.Tensor:
    """Middle and half side [B, 3] of the square around points [B, U, U, 2] where `covered`, bool [B, 1, U, U]."""
    inside = covered[:, 0, :, :, None]
    far = places.new_tensor(NOTHING_M)
    low = torch.where(inside, places, far).amin(dim=(1, 2))
    high = torch.where(inside, places, -far).amax(dim=(1, 2))
    half = (high - low).amax(dim=1, keepdim=True) / 2 + MARGIN
    return torch.cat(((low + high) / 2, half), dim=1)


def _drawn(
    body_uv: torch.Tensor,
    normals: torch.Tensor,
    covered: torch.Tensor,
    camera: torch.Tensor,
    square: torch.Tensor,
    size: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Depth [B, 1, N, N] and unit normals [B, 3, N, N] of the nearest surface; texels are the surface's points."""
    batch = len(body_uv)
    points, facing, there = _dense(body_uv, normals, covered)
    grid = to_square(crop_coordinates(points, camera), square)
    column, row = ((grid + 1) * (size / 2)).floor().long().unbind(-1)
    inside = there & (column >= 0) & (column < size) & (row >= 0) & (row < size)
    index = torch.where(inside, row * size + column, size * size)
    away = camera[:, :1] - points[..., 0]
    depth = away.new_full((batch, size * size + 1), NOTHING_M).scatter_reduce(1, index, away, "amin")
    seen = inside & (away < depth.gather(1, index) + SURFACE_M)
    facing = facing * seen[..., None]
    total = facing.new_zeros(batch, size * size + 1, 3).scatter_add(1, index[..., None].expand(-1, -1, 3), facing)
    total = total[:, :-1].transpose(1, 2).reshape(batch, 3, size, size)
    return _closed(depth[:, :-1].reshape(batch, 1, size, size)), F.normalize(total, dim=1)


def _closed(depth: torch.Tensor) -> torch.Tensor:
    """Depths [B, 1, N, N] without cracks, which a map has where two parts of the body meet on it."""
    nearest = F.max_pool2d(-depth, CRACK_PIXELS, stride=1, padding=CRACK_PIXELS // 2)
    return F.max_pool2d(-nearest, CRACK_PIXELS, stride=1, padding=CRACK_PIXELS // 2)


def _dense(
    body_uv: torch.Tensor, normals: torch.Tensor, covered: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Points and normals [B, P, 3] between each texel and its neighbours, and which are on the body, bool [B, P].

    No surface lies between texels of two parts of the body that the map has side by side.
    """
    first, right, below, last = _corners(torch.cat((body_uv, normals), dim=1).float())
    there = torch.stack(_corners(covered)).all(dim=0)[:, 0]
    for one, other in ((first, right), (first, below), (right, last), (below, last)):
        apart = (one - other)[:, :3].square().sum(dim=1)
        there = there & (apart < (JUMP_M / body_uv.shape[-1]) ** 2)
    steps = max(1, DENSE_TEXELS // body_uv.shape[-1])
    made = []
    for down in range(steps):
        for across in range(steps):
            b, a = down / steps, across / steps
            upper, lower = (1 - a) * first + a * right, (1 - a) * below + a * last
            made.append((1 - b) * upper + b * lower)
    points = torch.stack(made, dim=2).flatten(2).transpose(1, 2)
    return points[..., :3], points[..., 3:], there.flatten(1).repeat(1, steps * steps)


def _corners(maps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Of each square of four texels the upper left, upper right, lower left and lower right: [B, C, U - 1, U - 1]."""
    return maps[..., :-1, :-1], maps[..., :-1, 1:], maps[..., 1:, :-1], maps[..., 1:, 1:]
