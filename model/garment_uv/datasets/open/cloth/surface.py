"""A triangle mesh that moves and keeps cloth outside; it knows how fast it goes."""

from typing import Any

import numpy as np
import warp as wp

from garment_uv.datasets.open.cloth import _kernels
from garment_uv.datasets.open.cloth._arrays import array, fill


class Surface:
    """A collider of fixed topology, which goes straight from one aim to the next."""

    def __init__(self, vertices: np.ndarray, faces: np.ndarray, device: Any = "cpu") -> None:
        """`vertices` [B, 3] metres and `faces` [F, 3], counter-clockwise seen from outside."""
        self.points, self.velocities = (array(x, wp.vec3, device) for x in (vertices, np.zeros_like(vertices)))
        self.mesh = wp.Mesh(self.points, array(faces.ravel(), wp.int32, device), self.velocities)
        self._path = _kernels.Path()
        self._path.start, self._path.end = (array(vertices, wp.vec3, device) for _ in range(2))
        self._move = wp.launch(
            _kernels.move_surface,
            dim=len(vertices),
            device=device,
            inputs=[self._path, 0.0, 0.0, self.points, self.velocities],
            record_cmd=True,
        )

    def aim(self, vertices: np.ndarray) -> None:
        """Go to `vertices` [B, 3] from where the last aim was."""
        wp.copy(self._path.start, self._path.end)
        fill(self._path.end, vertices)

    def place(self, share: float, per_second: float) -> None:
        """Be at `share` of the way; `per_second` ways make the velocity. `mesh.refit()` before it is asked again."""
        self._move.set_param_at_index(1, share)
        self._move.set_param_at_index(2, per_second)
        self._move.launch()
