"""Vertices pushed out of the body."""

import numpy as np
import pytest

from garment_uv.geometry.normals import push_out


def test_inside_goes_out_and_outside_stays(body):
    radii = np.array([0.15, 0.195, 0.21, 0.3])
    cloth = np.stack([radii, np.zeros(4), np.zeros(4)], axis=1)
    moved = push_out(cloth, body.vertices, body.faces, margin_m=0.005)
    distance = np.hypot(moved[:, 0], moved[:, 1])
    assert distance[:2] == pytest.approx([0.205, 0.205], abs=1e-3)
    assert np.allclose(moved[2:], cloth[2:])


def test_unused_body_vertices_and_no_vertices(body):
    stray = np.concatenate([body.vertices, [[0.16, 0, 0]]])
    moved = push_out(np.array([[0.15, 0.0, 0.0]]), stray, body.faces)
    assert np.hypot(*moved[0, :2]) > 0.2
    assert push_out(np.zeros((0, 3)), body.vertices, body.faces).shape == (0, 3)
