"""A garment on a moving subject: target shape from the pose, then cloth dynamics that lag, hang and fold. Ours."""

import numpy as np
import scipy.sparse as sp
import warp as wp

from garment_uv.datasets.open import _cloth
from garment_uv.datasets.open._mesh import edges_of, split_quads
from garment_uv.datasets.open.collider import Collider
from garment_uv.datasets.open.outfits import FABRICS
from garment_uv.datasets.open.tailor import SKIRT_JOIN, Pattern

SUBSTEPS = 2
SWEEPS = 5
STEP_SECONDS = 1.0 / 30.0
CLOTH_MARGIN = 0.003
"""Least distance of cloth from what is under it, metres."""


class Garment:
    """One subject's garment: gives the shape that a pose asks of it."""

    def __init__(self, pattern: Pattern, helpers: np.ndarray, rng: np.random.Generator) -> None:
        """`helpers` float [H, 3]: the subject's stacked helper vertices in T-pose, where the cloth is unstrained."""
        self.pattern = pattern
        self._triangles = split_quads(pattern.faces)
        corner = self._triangles.ravel()
        owner = np.repeat(np.arange(len(self._triangles)), 3)
        self._around = sp.csr_matrix((np.ones(len(corner)), (corner, owner)), shape=(len(pattern.ease), owner[-1] + 1))
        cut, place = pattern.cut, pattern.canonical
        strength = FABRICS[cut.fabric][0]
        self._creases = strength * _random_field(place, rng, 0.09, 0.20) * (0.0015 + 0.006 * cut.looseness)
        self._creases *= np.where(pattern.tube, 0.3, 0.25 + pattern.hang)
        below = np.clip((SKIRT_JOIN - place[:, 2]) / 0.6, 0.0, None) if cut.folds else np.zeros(len(place))
        angle = np.arctan2(place[:, 1] - 0.01, place[:, 0])
        wander = 0.7 * np.sin(2 * angle + rng.uniform(0, 6.3)) + rng.uniform(-1.2, 1.2) * below
        self._hanging = cut.fold_depth * below**0.8 * np.sin(cut.folds * angle + wander + rng.uniform(0, 6.3))
        arm = (np.abs(place[:, 0]) > 0.18) & (place[:, 2] > 0.2)
        along = np.where(arm, np.abs(place[:, 0]), place[:, 2])
        skew = rng.uniform(-0.6, 0.6) * np.where(arm, place[:, 2], place[:, 0]) + rng.uniform(-0.5, 0.5) * place[:, 1]
        waves = (along + skew) / rng.uniform(0.038, 0.060) + _random_field(place, rng, 0.15, 0.3) * 0.35
        self._wrinkles = strength * np.sin(2 * np.pi * waves + rng.uniform(0, 6.3))
        self._edges = edges_of(pattern.faces)
        base = pattern.weights @ helpers
        self._rest_lengths = self._lengths(base)
        if cut.pleats:
            self._hanging = self._hanging + pattern.pleats(self._shape(base, np.zeros(len(base))))
        self.unstrained: np.ndarray = self._shape(base, np.zeros(len(base)))

    def target(self, helpers: np.ndarray) -> np.ndarray:
        """The shape asked of the garment by posed helper vertices [H, 3], float64 [N, 3]."""
        base = self.pattern.weights @ helpers
        squeezed = np.clip(1.0 - self._lengths(base) / self._rest_lengths, 0.0, 0.5)
        count = len(base)
        bent = np.bincount(self._edges.ravel(), np.repeat(squeezed, 2), minlength=count)
        bent /= np.maximum(np.bincount(self._edges.ravel(), minlength=count), 1)
        return self._shape(base, np.clip(bent * 0.05, 0.0, 0.006) * self._wrinkles)

    def _shape(self, base: np.ndarray, wrinkles: np.ndarray) -> np.ndarray:
        one, two, three = (base[self._triangles[:, k]] for k in range(3))
        normals = self._around @ np.cross(two - one, three - one)
        normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12
        flat = normals * np.array([1.0, 1.0, 0.0])
        flat /= np.linalg.norm(flat, axis=1, keepdims=True) + 1e-2
        out = self.pattern.ease + self._creases + wrinkles
        return base + normals * np.maximum(out, 0.5 * self.pattern.ease)[:, None] + flat * (
            self.pattern.flare + self._hanging
        )[:, None]  # fmt: skip

    def _lengths(self, points: np.ndarray) -> np.ndarray:
        return np.linalg.norm(points[self._edges[:, 0]] - points[self._edges[:, 1]], axis=1) + 1e-6


class Drape:
    """Steps one garment through time, in world coordinates, against a collider that others may share."""

    def __init__(self, garment: Garment, start: np.ndarray) -> None:
        """`start`: the first target [N, 3]."""
        pattern, cut = garment.pattern, garment.pattern.cut
        count = len(start)
        stiff = FABRICS[cut.fabric][1]
        hang = pattern.hang
        self._hang = _floats(hang)
        tube = pattern.tube
        self._pull = _floats(0.45 * (1 - hang) ** 2 + np.where(tube, 0.0012, 0.02) * stiff)
        self._leash = _floats(np.where(tube, 0.02 + 0.4 * hang, 0.006 + (0.012 + 0.03 * cut.looseness) * hang))
        self._margin = _floats(np.full(count, CLOTH_MARGIN))
        self._nearby = _floats(np.where(tube, 0.09, 0.012))
        self._bending = 0.12 * min(stiff, 2.0)
        anchor, reach = _strands(pattern, garment.unstrained)
        self._anchor = wp.array(anchor, dtype=wp.int32, device="cpu")
        self._reach = _floats(reach)
        first, neighbour, length = _springs(pattern.faces, garment.unstrained)
        self._first = wp.array(first, dtype=wp.int32, device="cpu")
        self._neighbour = wp.array(neighbour, dtype=wp.int32, device="cpu")
        self._length = _floats(length)
        self._position, self._previous = _points(start), _points(start)
        self._target, self._carried = _points(start), _points(np.zeros_like(start))
        self._trial, self._better = _points(start), _points(start)
        self._predict = self._prepared_prediction(count)
        self._sweeps = [
            self._prepared_sweep(count, source, result)
            for source, result in ((self._trial, self._better), (self._better, self._trial))
        ]

    @property
    def vertices(self) -> np.ndarray:
        """float32 [N, 3] now."""
        return self._position.numpy().copy()

    def substep(self, target: np.ndarray, collider: Collider) -> None:
        """Advance by `STEP_SECONDS / SUBSTEPS` towards `target` [N, 3], outside of `collider`."""
        aim = self._target.numpy()
        self._carried.numpy()[:] = target - aim
        aim[:] = target
        self._predict.launch()
        wp.copy(self._previous, self._position)
        for sweep in range(SWEEPS):
            self._sweeps[sweep % 2].launch()
        last = self._better if SWEEPS % 2 else self._trial
        collider.push_out(last, self._margin, self._nearby, self._position)

    def _prepared_prediction(self, count: int) -> wp.Launch:
        """The kernel call bound to its arrays once: binding costs more than small garments' kernels."""
        seconds = STEP_SECONDS / SUBSTEPS
        return wp.launch(
            _cloth.predict,
            dim=count,
            device="cpu",
            inputs=[
                self._position, self._previous, self._hang, self._carried, -9.81 * seconds**2,
                0.965 ** (2 / SUBSTEPS),
            ],
            outputs=[self._trial],
            record_cmd=True,
        )  # fmt: skip

    def _prepared_sweep(self, count: int, source: wp.array, result: wp.array) -> wp.Launch:
        return wp.launch(
            _cloth.relax,
            dim=count,
            device="cpu",
            inputs=[
                source, self._target, self._pull, self._leash, self._anchor, self._reach,
                self._first, self._neighbour, self._length, 0.25, self._bending,
            ],
            outputs=[result],
            record_cmd=True,
        )  # fmt: skip


def _strands(pattern: Pattern, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each vertex of a skirt's tube the vertex of the upper border it hangs from (-1 elsewhere) and its reach."""
    anchor = np.full(len(rest), -1, dtype=np.int32)
    reach = np.zeros(len(rest))
    end = len(rest) - len(pattern.twins)
    tube = np.flatnonzero(pattern.tube[:end])
    if len(tube):
        rows = np.concatenate([pattern.loop, tube]).reshape(-1, len(pattern.loop))
        lengths = np.linalg.norm(np.diff(rest[rows], axis=0), axis=2)
        anchor[tube] = np.tile(pattern.loop, len(rows) - 1)
        reach[tube] = np.cumsum(lengths, axis=0).ravel()
        anchor[end:], reach[end:] = anchor[pattern.twins], reach[pattern.twins]
    return anchor, reach


def _springs(faces: np.ndarray, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges and quad diagonals as rows of neighbours: starts [N + 1], neighbours and rest lengths."""
    quads = faces[faces[:, 2] != faces[:, 3]]
    pairs = np.concatenate([edges_of(faces), quads[:, [0, 2]], quads[:, [1, 3]]])
    pairs = np.concatenate([pairs, pairs[:, ::-1]])
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    first = np.concatenate([[0], np.cumsum(np.bincount(pairs[:, 0], minlength=len(rest)))])
    return first, pairs[:, 1], np.linalg.norm(rest[pairs[:, 0]] - rest[pairs[:, 1]], axis=1)


def _random_field(points: np.ndarray, rng: np.random.Generator, short: float, long: float) -> np.ndarray:
    """A smooth random function of place, about +-1, of wavelengths `short` to `long` metres."""
    total = np.zeros(len(points))
    for _ in range(5):
        direction = rng.normal(size=3)
        direction /= np.linalg.norm(direction)
        total += np.sin(2 * np.pi * (points @ direction / rng.uniform(short, long) + rng.uniform()))
    return total / np.sqrt(5.0)


def _points(values: np.ndarray) -> wp.array:
    return wp.array(np.ascontiguousarray(values, dtype=np.float32), dtype=wp.vec3, device="cpu")


def _floats(values: np.ndarray) -> wp.array:
    return wp.array(np.ascontiguousarray(values, dtype=np.float32), dtype=wp.float32, device="cpu")
