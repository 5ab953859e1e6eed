import numpy as np
import pytest

from garment_uv.classes import CLASS_IDS
from garment_uv.samples.sample import FrameBody, RawGarment, Sample
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.fill import fill

RINGS, SEGMENTS, SIZE = 24, 20, 64


def _tube() -> tuple[np.ndarray, np.ndarray]:
    """A tube 1.2 m high of 0.2 m radius: vertices from the top down, and its triangles seen from outside."""
    angle = np.linspace(0, 2 * np.pi, SEGMENTS, endpoint=False)
    height = np.linspace(0.6, -0.6, RINGS)
    circle = np.stack([0.2 * np.cos(angle), 0.2 * np.sin(angle)], 1)
    vertices = np.concatenate([np.column_stack([circle, np.full(SEGMENTS, z)]) for z in height])
    grid = np.arange(RINGS * SEGMENTS).reshape(RINGS, SEGMENTS)
    right = np.roll(grid, -1, axis=1)
    a, b, c, d = grid[:-1], right[:-1], right[1:], grid[1:]
    faces = np.concatenate([np.stack(t, -1).reshape(-1, 3) for t in ((a, d, c), (a, c, b))])
    return vertices, faces.astype(np.int32)


@pytest.fixture(scope="session")
def atlas() -> Atlas:
    vertices, faces = _tube()
    rows, columns = np.divmod(np.arange(len(vertices)), SEGMENTS)
    points = np.stack([2 + columns * 3.0, 2 + rows * 2.5], 1)
    flat = faces[np.ptp(columns[faces], axis=1) <= 1]
    numbers = np.arange(len(vertices), dtype=np.int32)
    return Atlas(SIZE, len(vertices), {"default": faces, "skirt": faces}, numbers, points, flat)


def _rotation(rng) -> np.ndarray:
    turned, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return turned * np.sign(np.linalg.det(turned))


@pytest.fixture
def make_sample(atlas):
    """A sample whose outfit covers given rings; the raw garments are its own surface, displaced by `offset(v)`."""

    def make(outfit=None, offset=None, rotation=None, seed=0, stored=True):
        outfit = outfit or {"Top": (2, 10), "Skirt": (10, 20)}
        offset = offset or (lambda body: np.array([0.0, 0.0, 0.0]) + body * (0.1, 0.1, 0.0))
        rest, faces = _tube()
        rotation = np.eye(3) if rotation is None else rotation
        body = (rest @ rotation.T).astype(np.float32)
        displacement = offset(rest) @ rotation.T
        classes = np.zeros(len(rest), np.uint8)
        ring = np.arange(len(rest)) // SEGMENTS
        garments = {}
        for name, (first, last) in outfit.items():
            inside = (ring >= first) & (ring < last)
            classes[inside] = CLASS_IDS[name]
            garments[name] = RawGarment((body + displacement).astype(np.float32), faces[inside[faces].all(axis=1)])
        frame = FrameBody(0, np.zeros(10), np.zeros(72), np.zeros(3), 0.0, np.array([4.8, 0, 0]))
        uv = fill(atlas, displacement, classes > 0, "least_norm") if stored else np.zeros((3, SIZE, SIZE))
        empty = np.zeros((3, SIZE, SIZE), np.float32)
        image, segments = np.zeros((8, 8, 3), np.uint8), np.zeros((SIZE, SIZE), np.uint8)
        key = f"train-{seed:05d}-0000"
        sample = Sample(key, image, empty, uv, segments, classes, body, "default", frame, garments)
        return sample, displacement

    return make


@pytest.fixture
def make_rotation():
    return lambda seed: _rotation(np.random.default_rng(seed))
