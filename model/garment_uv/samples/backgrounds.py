"""Backgrounds for training pictures, drawn at random: plain, gradients, textures, rooms of boxes, clutter (ours).

A network that is trained on black backgrounds alone takes every room for clothes. None of these shows a real place;
together they have edges, textures and shades of all sizes, before which only the person stays the same.
"""

from collections.abc import Callable

import cv2
import numpy as np

Picture = np.ndarray
"""float32 [I, I, 3], RGB in 0..1."""


def draw_background(rng: np.random.Generator, size: int) -> Picture:
    """One background of a kind chosen at random, float32 [size, size, 3] in 0..1."""
    kind = KINDS[rng.integers(len(KINDS))]
    return np.clip(kind(rng, size), 0, 1).astype(np.float32, copy=False)


def plain(rng: np.random.Generator, size: int) -> Picture:
    """One colour, a little darker away from some point, as a wall is."""
    v, u = np.mgrid[:size, :size].astype(np.float32) / size - rng.uniform(0, 1, (2, 1, 1)).astype(np.float32)
    shade = 1 - rng.uniform(0, 0.4) * (u**2 + v**2)
    return _colour(rng) * shade[..., None]


def gradient(rng: np.random.Generator, size: int) -> Picture:
    """Four colours, one in each corner."""
    return cv2.resize(rng.uniform(0, 1, (2, 2, 3)).astype(np.float32), (size, size), interpolation=cv2.INTER_LINEAR)


def texture(rng: np.random.Generator, size: int) -> Picture:
    """Noise of several sizes between two colours: plaster, foliage, stone."""
    share, weight = np.zeros((size, size), np.float32), rng.uniform(0.4, 0.9)
    for octave in range(1, 7):
        cells = rng.uniform(-1, 1, (2**octave, 2**octave)).astype(np.float32)
        share += weight**octave * cv2.resize(cells, (size, size), interpolation=cv2.INTER_CUBIC)
    share = 1 / (1 + np.exp(-rng.uniform(2, 8) * share[..., None]))
    return _colour(rng) * share + _colour(rng) * (1 - share)


def room(rng: np.random.Generator, size: int) -> Picture:
    """A wall, a floor with boards or tiles, and boxes on it, seen in perspective."""
    picture = gradient(rng, size) * 0.4 + _colour(rng) * 0.6
    horizon = int(size * rng.uniform(0.45, 0.7))
    depth = size / np.maximum(np.arange(size - horizon, dtype=np.float32) + 1, 1)
    across = (np.arange(size, dtype=np.float32) / size - 0.5) * depth[:, None]
    boards = np.floor(across * rng.uniform(3, 12))
    if rng.uniform() < 0.5:
        boards = boards + np.floor(depth * rng.uniform(2, 8))[:, None]
    floor = _colour(rng) * np.where(boards % 2 == 0, 1.0, rng.uniform(0.5, 1.0))[..., None]
    picture[horizon:] = floor * np.linspace(rng.uniform(0.5, 1.0), 1.0, size - horizon)[:, None, None]
    for _ in range(rng.integers(0, 6)):
        _box(picture, rng, size, horizon)
    return picture


def clutter(rng: np.random.Generator, size: int) -> Picture:
    """Many shapes over one another, on any of the calmer backgrounds."""
    picture = np.ascontiguousarray((plain, gradient, texture)[rng.integers(3)](rng, size), np.float32)
    for _ in range(rng.integers(5, 40)):
        centre, colour = rng.uniform(0, size, 2), _colour(rng).tolist()
        length = size * rng.uniform(0.02, 0.3)
        shape = rng.integers(3)
        if shape == 0:
            corners = centre + length * rng.uniform(-1, 1, (rng.integers(3, 7), 2))
            cv2.fillPoly(picture, [corners.astype(np.int32)], colour, cv2.LINE_AA)
        elif shape == 1:
            axes = (length * rng.uniform(0.3, 1.0, 2)).astype(int).tolist()
            place = centre.astype(int).tolist()
            cv2.ellipse(picture, place, axes, rng.uniform(0, 180), 0, 360, colour, -1, cv2.LINE_AA)
        else:
            end = centre + 2 * length * rng.uniform(-1, 1, 2)
            width = int(rng.integers(1, max(2, size // 24)))
            cv2.line(picture, centre.astype(int).tolist(), end.astype(int).tolist(), colour, width, cv2.LINE_AA)
    return picture


KINDS: tuple[Callable[[np.random.Generator, int], Picture], ...] = (plain, gradient, texture, room, clutter)


def _colour(rng: np.random.Generator) -> np.ndarray:
    """Any brightness, more often grey than bright: float32 [3]."""
    grey, tint = rng.uniform(0, 1), rng.uniform(-1, 1, 3) * rng.uniform(0, 0.4)
    return np.clip(grey + tint, 0, 1).astype(np.float32)


def _box(picture: Picture, rng: np.random.Generator, size: int, horizon: int) -> None:
    """A box on the floor: its front, and its top or a side, each in a shade of one colour."""
    colour = _colour(rng)
    foot = rng.uniform(horizon, size)
    near = (foot - horizon) / max(size - horizon, 1) + 0.15
    left = rng.uniform(-0.1, 1.0) * size
    width, height = near * size * rng.uniform(0.1, (0.5, 0.9))
    front = np.array([(left, foot), (left + width, foot), (left + width, foot - height), (left, foot - height)])
    on_the_left = left + width / 2 < size / 2
    back = front + (0.3 * width * (1 if on_the_left else -1), -0.15 * height)
    low, high = (1, 2) if on_the_left else (0, 3)
    side = [front[low], back[low], back[high], front[high]]
    top = [front[3], front[2], back[2], back[3]]
    for corners, shade in ((top, 1.0), (side, rng.uniform(0.4, 0.8)), (front, rng.uniform(0.7, 0.95))):
        cv2.fillPoly(picture, [np.array(corners).astype(np.int32)], (colour * shade).tolist(), cv2.LINE_AA)
