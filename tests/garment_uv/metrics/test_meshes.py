import numpy as np
import pytest

from garment_uv.classes import CLASS_IDS
from garment_uv.metrics.evaluate import garment_meshes, kept_faces, sample_meshes


def test_each_class_gets_its_own_faces(atlas, make_sample):
    sample, displacement = make_sample()
    meshes = sample_meshes(atlas, sample, displacement)
    assert list(meshes) == ["Top", "Skirt"]
    for name, (vertices, faces) in meshes.items():
        raw = sample.garments[name]
        assert faces.dtype == np.int32 and sorted(np.unique(faces)) == list(range(len(vertices)))
        expected = raw.vertices[raw.faces]
        found = vertices[faces]
        assert np.allclose(np.sort(found.reshape(-1, 9), axis=0), np.sort(expected.reshape(-1, 9), axis=0), atol=1e-6)


def test_faces_across_classes_and_lone_vertices_belong_to_nobody(atlas, make_sample):
    sample, displacement = make_sample()
    classes = np.zeros_like(sample.vertex_classes)
    classes[[0, 1, 100]] = CLASS_IDS["Dress"]
    assert garment_meshes(atlas, sample.body_vertices, classes, "default") == {}


def test_long_edges_are_dropped_only_when_asked(atlas, make_sample):
    sample, displacement = make_sample()
    torn = displacement.copy()
    torn[5 * 20 + 3] += (0.5, 0, 0)
    whole, cut = sample_meshes(atlas, sample, torn), sample_meshes(atlas, sample, torn, max_edge_m=0.1)
    assert len(whole["Top"][1]) - len(cut["Top"][1]) == 6
    assert len(whole["Top"][0]) - len(cut["Top"][0]) == 1
    faces = atlas.faces["default"]
    assert kept_faces(faces, sample.body_vertices, None) is faces
    assert len(kept_faces(faces, sample.body_vertices, 1e-6)) == 0


def test_an_unknown_topology_is_an_error(atlas, make_sample):
    sample, _ = make_sample()
    with pytest.raises(KeyError):
        garment_meshes(atlas, sample.body_vertices, sample.vertex_classes, "kilt")
