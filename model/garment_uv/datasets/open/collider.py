"""A moving surface that keeps cloth outside of it."""

import numpy as np
import warp as wp

from garment_uv.datasets.open import _cloth


class Collider:
    """A triangle mesh of fixed topology on the CPU."""

    def __init__(self, vertices: np.ndarray, faces: np.ndarray) -> None:
        """`vertices` [N, 3] metres and `faces` [F, 3], counter-clockwise seen from outside."""
        self._points = wp.array(np.ascontiguousarray(vertices, dtype=np.float32), dtype=wp.vec3, device="cpu")  # type: ignore[var-annotated]
        self._mesh = wp.Mesh(self._points, wp.array(faces.astype(np.int32).ravel(), dtype=wp.int32, device="cpu"))

    def move(self, vertices: np.ndarray) -> None:
        """Put the surface at `vertices` [N, 3]."""
        self._points.numpy()[:] = vertices
        self._mesh.refit()

    def push_out(
        self, position: wp.array, margin: wp.array, nearby: wp.array, out: wp.array, steep: float = 0.0
    ) -> None:
        """Write `position` to `out`, moved so that nothing is within `margin` of the inside; see `_cloth.collide`."""
        wp.launch(
            _cloth.collide,
            dim=len(position),
            device="cpu",
            inputs=[self._mesh.id, position, margin, nearby, steep],
            outputs=[out],
        )

    def pushed(self, vertices: np.ndarray, margin: float, nearby: float = 0.05, steep: float = 0.0) -> np.ndarray:
        """`vertices` [N, 3] moved out to at least `margin` metres, float32 [N, 3]."""
        position = wp.array(np.ascontiguousarray(vertices, dtype=np.float32), dtype=wp.vec3, device="cpu")  # type: ignore[var-annotated]
        out = wp.empty_like(position)
        gap = wp.full(len(vertices), margin, dtype=wp.float32, device="cpu")
        reach = wp.full(len(vertices), nearby, dtype=wp.float32, device="cpu")
        self.push_out(position, gap, reach, out, steep)
        return out.numpy().copy()
