"""Small sheets and floors that the solver's tests share."""

import numpy as np

from garment_uv.datasets.open.cloth.fabrics import FABRICS
from garment_uv.datasets.open.cloth.sheets import Sheet
from garment_uv.datasets.open.cloth.solver import Solver, SolverOptions
from garment_uv.datasets.open.cloth.surface import Surface


def grid(across: int, along: int, edge: float = 0.02) -> tuple[np.ndarray, np.ndarray]:
    """A flat net of quads around the origin, looking up: points [N, 3] and faces [F, 4]."""
    x, y = np.meshgrid(np.arange(across + 1), np.arange(along + 1), indexing="ij")
    points = np.stack([x - across / 2, y - along / 2, np.zeros_like(x)], axis=-1).reshape(-1, 3) * edge
    index = np.arange(len(points)).reshape(across + 1, along + 1)
    faces = np.stack([index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]], axis=-1).reshape(-1, 4)
    return points, faces.astype(np.int32)


def flat_sheet(across: int = 12, along: int = 12, **changes) -> Sheet:
    """A square of cotton with nothing fixed."""
    points, faces = grid(across, along)
    values = {"name": "Top", "fabric": FABRICS["cotton"], "fixed": np.zeros(len(points), dtype=bool)} | changes
    return Sheet(rest=points, faces=faces, **values)


def floor(tilt: float = 0.0) -> Surface:
    """Two metres of floor, tilted by radians about y: what lies on it slides along +x."""
    points = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0.0]])
    points[:, 2] = -np.tan(tilt) * points[:, 0]
    return Surface([(points, np.array([[0, 1, 2], [0, 2, 3]]))])


def settled(sheets: list[Sheet], start: np.ndarray, body: Surface, frames: int, **options) -> Solver:
    """A solver after so many frames in which nothing but the cloth moves."""
    solver = Solver(sheets, start, body, SolverOptions(**options))
    at = body.points.numpy().copy()
    for _ in range(frames):
        solver.frame(at, start)
    return solver
