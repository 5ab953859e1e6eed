"""A subject on the open body, and garments that no code of the project made: body parts pushed out, and a cone."""

from types import SimpleNamespace

import igl
import numpy as np
import pytest

from garment_uv.body import AnnyBody, BodyParameters, build_topology


@pytest.fixture(scope="session")
def subject():
    body = AnnyBody()
    topology = build_topology(body, subdivisions=0)
    shape = np.array([0.8, -0.5, 0.3, 0, 0, 0, 0, 0, 0, 0], dtype=np.float32)
    pose = np.zeros(72, dtype=np.float32)
    pose[[0, 5, 8, 50, 53]] = np.pi / 2, 0.3, -0.4, -0.9, 0.7
    parameters = BodyParameters(0, shape, pose)
    rest = topology.vertices(body.rest(parameters)).astype(np.float64)
    posed = topology.vertices(body.pose(parameters)).astype(np.float64)
    return SimpleNamespace(topology=topology, rest=rest, posed=posed)


class Shell:
    """A part of the body's surface pushed out by `gap` metres, refined, its vertices and faces in random order."""

    def __init__(self, subject, keep, gap, seed=0, turned=False):
        faces = subject.topology.faces["default"].astype(np.int64)
        faces = faces[keep(subject.rest)[faces].all(axis=1)]
        used, local = np.unique(faces, return_inverse=True)
        refine, fine = igl.upsample_matrix(local.reshape(-1, 3))
        rng = np.random.default_rng(seed)
        self._order = rng.permutation(refine.shape[0])
        place = np.argsort(self._order)
        fine = place[rng.permutation(fine)]
        self.faces = np.ascontiguousarray(fine[:, ::-1] if turned else fine).astype(np.int32)
        self._used, self._refine, self._gap, self._all = used, refine, gap, subject.topology.faces["default"]

    def on(self, body):
        normals = igl.per_vertex_normals(body, self._all.astype(np.int64))
        pushed = body[self._used] + self._gap * normals[self._used]
        return (self._refine @ pushed)[self._order]


@pytest.fixture(scope="session")
def shirt(subject):
    return Shell(subject, lambda p: (p[:, 2] > 0.0) & (np.abs(p[:, 0]) < 0.45), 0.012)


@pytest.fixture(scope="session")
def trousers(subject):
    return Shell(subject, lambda p: (p[:, 2] < 0.1) & (p[:, 2] > -0.75) & (np.abs(p[:, 0]) < 0.5), 0.01, seed=1)


@pytest.fixture(scope="session")
def skirt(subject):
    """Vertices [N, 3] and faces of a cone from the waist to the knees, and its hem's height."""
    rest = subject.rest
    waist = rest[(np.abs(rest[:, 2] - 0.05) < 0.02) & (np.abs(rest[:, 0]) < 0.3)]
    centre = (waist[:, :2].max(axis=0) + waist[:, :2].min(axis=0)) / 2
    radii = (waist[:, :2].max(axis=0) - waist[:, :2].min(axis=0)) / 2 + 0.01
    rows, columns = 30, 90
    down, round_ = np.meshgrid(np.linspace(0, 1, rows), np.arange(columns) * 2 * np.pi / columns, indexing="ij")
    grow = 0.22 * down**0.7
    x = centre[0] + (radii[0] + grow) * np.cos(round_)
    y = centre[1] + (radii[1] + grow) * np.sin(round_)
    vertices = np.stack([x, y, 0.05 - 0.5 * down], axis=-1).reshape(-1, 3)
    grid = np.arange(rows * columns).reshape(rows, columns)
    right = np.roll(grid, -1, axis=1)
    quads = np.stack([grid[1:], right[1:], right[:-1], grid[:-1]], axis=-1).reshape(-1, 4)
    faces = np.concatenate([quads[:, :3], quads[:, [0, 2, 3]]]).astype(np.int32)
    return SimpleNamespace(vertices=vertices, faces=faces, hem=-0.45)
