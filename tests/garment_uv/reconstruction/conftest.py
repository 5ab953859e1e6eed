"""Meshes to look at."""

import numpy as np
import pytest
import trimesh

from garment_uv.reconstruction.meshes import BODY_COLOUR, GARMENT_COLOURS, ViewMesh


def _tube(radius: float, height: float) -> tuple[np.ndarray, np.ndarray]:
    mesh = trimesh.creation.capsule(height=height, radius=radius, count=[24, 24])
    return np.array(mesh.vertices), np.array(mesh.faces)


@pytest.fixture(scope="session")
def body() -> ViewMesh:
    return ViewMesh("body", *_tube(0.2, 1.2), BODY_COLOUR)


@pytest.fixture(scope="session")
def dress() -> ViewMesh:
    vertices, faces = _tube(0.26, 0.6)
    return ViewMesh("Dress", vertices, faces, GARMENT_COLOURS["Dress"])
