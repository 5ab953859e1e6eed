"""A tube of a body: two halves with a common seam, two topologies, and small batches of it."""

import numpy as np
import pytest
import torch

from garment_uv.networks.generator import GeneratorOutput
from garment_uv.samples.batch import Batch
from garment_uv.uv.atlas import Atlas

RINGS, COLUMNS, SIZE = 9, 12, 32


def _faces(other_diagonal: bool, rings: range) -> np.ndarray:
    faces = []
    for ring in rings:
        for column in range(COLUMNS):
            a, b = ring * COLUMNS + column, ring * COLUMNS + (column + 1) % COLUMNS
            c, d = a + COLUMNS, b + COLUMNS
            faces += [[a, b, c], [b, d, c]] if other_diagonal else [[a, b, d], [a, d, c]]
    return np.array(faces, dtype=np.int32)


@pytest.fixture(scope="session")
def atlas() -> Atlas:
    """A tube of 9 rings by 12 columns, front half and back half; 'skirt' has other triangles, and fewer."""
    half = COLUMNS // 2
    vertices, points = [], []
    for ring in range(RINGS):
        for column in range(COLUMNS + 2):
            back = column > half
            vertices.append(ring * COLUMNS + (column - back) % COLUMNS)
            x = 1 + (column - back) * 2.0 if not back else 17 + (column - back - half) * 2.0
            points.append((x, 1.5 + ring * 3.3))
    return Atlas(
        size=SIZE,
        num_vertices=RINGS * COLUMNS,
        faces={"default": _faces(False, range(RINGS - 1)), "skirt": _faces(True, range(2, RINGS - 1))},
        point_vertex=np.array(vertices, dtype=np.int32),
        points=np.array(points),
        uv_faces=np.zeros((0, 3), dtype=np.int32),
    )


@pytest.fixture(scope="session")
def tube() -> np.ndarray:
    """float64 [V, 3] metres: radius 0.12, height 0.5, not quite round so that no two edges are alike."""
    rng = np.random.default_rng(3)
    ring, column = np.divmod(np.arange(RINGS * COLUMNS), COLUMNS)
    angle = column * 2 * np.pi / COLUMNS
    round_tube = np.stack((0.12 * np.cos(angle), 0.12 * np.sin(angle), -0.0625 * ring), axis=1)
    return round_tube + rng.normal(0, 0.004, round_tube.shape)


@pytest.fixture
def make_batch(tube):
    """A function of the topologies (and a seed) giving a `Batch`: a Tshirt over a Skirt or Trousers."""

    def make(topology: list[str], seed: int = 0) -> Batch:
        generator = torch.Generator().manual_seed(seed)
        size, count = SIZE, len(topology)
        classes = torch.zeros(count, RINGS, COLUMNS, dtype=torch.int64)
        segments = torch.zeros(count, size, size, dtype=torch.int64)
        for index, name in enumerate(topology):
            lower = 4 if name == "skirt" else 3
            classes[index, 1:4], classes[index, 4:8] = 2, lower
            segments[index, 5:13], segments[index, 13:26] = 2, lower
        maps = torch.randn(count, 6, size, size, generator=generator)
        return Batch(
            keys=[f"train-{index:05d}-0" for index in range(count)],
            image=torch.rand(count, 3, 64, 64, generator=generator) * 2 - 1,
            body_uv=maps[:, :3] * 0.3,
            displacement_uv=maps[:, 3:] * 0.03,
            segments=segments,
            vertex_classes=classes.reshape(count, -1),
            body_vertices=torch.tensor(tube, dtype=torch.float32).expand(count, -1, -1).clone(),
            topology=list(topology),
            camera=torch.tensor([[5.0, 0.0, 0.2]]).expand(count, -1).clone(),
        )

    return make


@pytest.fixture
def make_output():
    """A function of a displacement map [B, 3, U, U] giving a generator's output around it, for loss tests."""

    def make(displacement: torch.Tensor) -> GeneratorOutput:
        batch, _, size, _ = displacement.shape
        generator = torch.Generator().manual_seed(9)
        return GeneratorOutput(
            displacement=displacement,
            prediction=displacement,
            global_map=displacement,
            local_map=displacement,
            weights=torch.full((batch, 2, size, size), 0.5),
            class_logits=torch.randn(batch, 6, 6, generator=generator),
            class_present=torch.ones(batch, 6, dtype=torch.bool),
            segment_logits=torch.randn(batch, 7, size, size, generator=generator),
        )

    return make
