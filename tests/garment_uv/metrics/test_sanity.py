"""Faults of meshes, counted on a cylinder where every answer is known."""

import numpy as np
import pytest

from garment_uv.metrics.sanity import MeshCounts, count_faults
from tests.garment_uv.cylinder import COLUMNS, RADIUS, cylinder_atlas, make_sample

ATLAS = cylinder_atlas()
FACES = len(ATLAS.faces["default"])


@pytest.fixture
def sample():
    return make_sample(ATLAS, "test", 2, raw=False)  # a jumpsuit all over


def outwards(sample) -> np.ndarray:
    angle = np.tile(2 * np.pi * np.arange(COLUMNS) / COLUMNS, len(sample.body_vertices) // COLUMNS)
    return np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], axis=1)


def counted(sample, vertices, classes=None, stretch=15.0) -> MeshCounts:
    classes = sample.vertex_classes if classes is None else classes
    return count_faults(ATLAS, "default", sample.body_vertices, vertices, classes, stretch)


def test_a_sound_garment(sample):
    found = counted(sample, sample.body_vertices + 0.03 * outwards(sample))
    assert found == MeshCounts(faces=FACES, vertices=len(sample.body_vertices))
    assert found.flipped_share == found.exploded_share == found.inside_share == 0.0


def test_inside_out_and_inside(sample):
    through = sample.body_vertices - 2 * (RADIUS + 0.01) * outwards(sample)
    found = counted(sample, through)
    assert found.flipped == FACES and found.inside == 0 and found.exploded == 0
    shrunk = counted(sample, sample.body_vertices - 0.02 * outwards(sample))
    assert shrunk.inside == shrunk.vertices and shrunk.flipped == 0


def test_one_vertex_far_away_explodes_its_faces_only(sample):
    vertices = sample.body_vertices + 0.03 * outwards(sample)
    vertices[40] += [0.0, 0.0, 5.0]
    found = counted(sample, vertices)
    assert found.exploded == (ATLAS.faces["default"] == 40).any(axis=1).sum()
    assert counted(sample, vertices, stretch=100.0).exploded == 0


def test_only_garments_count_and_nothing_is_no_mesh(sample):
    classes = np.zeros(len(sample.body_vertices), np.uint8)
    nothing = counted(sample, sample.body_vertices, classes)
    assert nothing == MeshCounts() and nothing.flipped_share == 1.0
    classes[: 3 * COLUMNS] = 1
    some = counted(sample, sample.body_vertices + 0.01 * outwards(sample), classes)
    assert some.faces == 4 * COLUMNS and some.vertices == 3 * COLUMNS
    assert (some + some).faces == 8 * COLUMNS
