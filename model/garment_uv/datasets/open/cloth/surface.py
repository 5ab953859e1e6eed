"""Triangle meshes that move and keep cloth outside; they know how fast they go."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import warp as wp

from garment_uv.datasets.open.cloth import _kernels
from garment_uv.datasets.open.cloth._arrays import array, fill

Part = tuple[np.ndarray, np.ndarray]
"""Vertices [B, 3] metres, and faces [F, 3] counter-clockwise seen from outside."""


class Surface:
    """Colliders of fixed topology, one a subject, which go straight from one aim to the next.

    Each subject's is a mesh of its own: what it does to cloth does not depend on who else is there.
    """

    def __init__(self, parts: Sequence[Part | None], device: Any = "cpu") -> None:
        """`parts` by subject; None where cloth of a subject meets nothing."""
        vertices = np.concatenate([part[0] for part in parts if part])
        self.points, self.velocities = (array(x, wp.vec3, device) for x in (vertices, np.zeros_like(vertices)))
        self.meshes: list[wp.Mesh | None] = []
        first = 0
        for part in parts:
            if part is None:
                self.meshes.append(None)
                continue
            own = slice(first, first + len(part[0]))
            faces = array(part[1].ravel(), wp.int32, device)
            self.meshes.append(wp.Mesh(self.points[own], faces, self.velocities[own]))
            first = own.stop
        self.ids: wp.array = wp.array([mesh.id if mesh else 0 for mesh in self.meshes], dtype=wp.uint64, device=device)
        """uint64 [subjects], for kernels; 0: none."""
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
        """Go to `vertices` [B, 3], all parts after one another, from where the last aim was."""
        wp.copy(self._path.start, self._path.end)
        fill(self._path.end, vertices)

    def place(self, share: float, per_second: float) -> None:
        """Be at `share` of the way; `per_second` ways make the velocity. `refit` before it is asked again."""
        self._move.set_param_at_index(1, share)
        self._move.set_param_at_index(2, per_second)
        self._move.launch()

    def refit(self) -> None:
        """Let the meshes know where their vertices are now."""
        for mesh in self.meshes:
            if mesh:
                mesh.refit()
