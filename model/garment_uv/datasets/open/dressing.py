"""From a garment's cut to a sheet that the solver hangs on a subject. Ours.

A sheet is cut for a subject who stands with its arms half down (`START_POSE`), without the folds that the procedural
cloth has in its cut: the solver makes its own. Skirts get more cloth around than their cone needs: it hangs in folds.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from garment_uv.datasets.open._mesh import border_vertices, neighbour_mean, split_quads
from garment_uv.datasets.open.cloth.fabrics import FABRICS
from garment_uv.datasets.open.cloth.sheets import Sheet
from garment_uv.datasets.open.folded import folded
from garment_uv.datasets.open.outfits import FABRICS as WORN
from garment_uv.datasets.open.tailor import Pattern
from garment_uv.geometry.normals import vertex_normals

FULLNESS = (0.25, 0.5)
"""How much more cloth there is around a skirt's tube than its cone has: least and most; stiff fabrics have less."""
FULL_FROM, FULL_OVER = 0.02, 0.25
"""Height on the mean subject at which that begins, and metres over which it grows."""
BAND = 0.6
"""Waistbands are fixed where a bell of `_BAND_WIDTH` around the waist is higher."""
_BAND_WIDTH = 0.035
_CREST = (0.42, 0.01, 0.02)
"""Height above which the shoulders' crest is, its place from front to back and half its width, metres."""
SMOOTH = 12
"""Sweeps that even out the directions in which a wide garment stands off: else hems and crotches cross themselves."""
_SHOULDER_NORMAL, _SHOULDER_DEPTH, _SHOULDER_REACH = 0.75, 0.12, 0.16
"""Of what hangs from the shoulders: how much it looks up, and how far below the highest point and from the middle."""


def _start_pose() -> np.ndarray:
    pose = np.zeros((24, 3), dtype=np.float32)
    pose[0, 0] = np.pi / 2
    pose[[16, 17], 2] = np.radians([-42, 42])
    pose[[1, 2], 2] = np.radians([10, -10])
    return pose.ravel()


START_POSE = _start_pose()
"""float32 [72] standing upright, z-up, arms half down and legs a little apart: where sheets are at rest."""


@dataclass(frozen=True)
class Dressed:
    """One garment of one subject."""

    pattern: Pattern
    helpers: np.ndarray
    """float [H, 3] the subject's stacked helper vertices in `START_POSE`."""
    fullness: float

    def shape(self, helpers: np.ndarray) -> np.ndarray:
        """The cut around upright helper vertices [H, 3], unstrained: float64 [N, 3]."""
        points = self.worn(helpers)
        tube = self.pattern.tube
        if tube.any():
            wider = np.clip((FULL_FROM - self.pattern.canonical[:, 2]) / FULL_OVER, 0.0, 1.0)
            middle = points[tube, :2].mean(axis=0)
            out = points[:, :2] - middle
            points[:, :2] = middle + out * (1.0 + self.fullness * wider)[:, None]
            if self.pattern.cut.pleats:
                out /= np.linalg.norm(out, axis=1, keepdims=True) + 1e-9
                points[:, :2] += out * self.pattern.pleats(points)[:, None]
        return points

    def start(self, rest: np.ndarray) -> np.ndarray:
        """Where a sheet whose rest is `rest` [N, 3] begins: full skirts in folds, all else at rest, float64 [N, 3]."""
        if self.pattern.cut.fullness is None or not self.pattern.tube.any() or self.pattern.cut.pleats:
            return rest
        return folded(self.pattern, rest, self.pattern.weights @ self.helpers)

    def carried(self, helpers: np.ndarray) -> np.ndarray:
        """Where posed helper vertices [H, 3] carry what is `held`, float64 [S, 3]; quicker than `worn`."""
        near, triangles, held, weights = self._around_held
        base = weights @ helpers
        return base[held] + vertex_normals(base, triangles)[held] * self.pattern.ease[near[held], None]

    def worn(self, helpers: np.ndarray) -> np.ndarray:
        """The cut around posed helper vertices [H, 3], its directions evened out: float64 [N, 3]."""
        base = self.pattern.weights @ helpers
        normals = vertex_normals(base, self._triangles)
        for _ in range(SMOOTH):
            normals = 0.5 * (normals + self._mean @ normals)
        normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12
        flat = normals * np.array([1.0, 1.0, 0.0])
        flat /= np.linalg.norm(flat, axis=1, keepdims=True) + 1e-2
        points = base + normals * self.pattern.ease[:, None] + flat * self.pattern.flare[:, None]
        for _ in range(3):
            points[self._inner] = (0.5 * (points + self._mean @ points))[self._inner]
        return points

    def sheet(self, over: int | None) -> Sheet:
        """The garment for the solver, worn over the sheet of that index."""
        cut = self.pattern.cut
        fixed = self.waistband()
        hung = np.flatnonzero(fixed)
        if cut.name in ("Dress", "Jumpsuit"):
            hung = self.held()
        return Sheet(
            name=cut.name, rest=self.shape(self.helpers), faces=self.pattern.faces, fabric=FABRICS[cut.fabric],
            fixed=fixed, sources=hung, leashed=self.held(), over=over,
        )  # fmt: skip

    def waistband(self) -> np.ndarray:
        """Which vertices follow the body, bool [N]: a waistband, or straps on the shoulders, lest they slip.

        None of another garment that hangs from the shoulders.
        """
        cut, place = self.pattern.cut, self.pattern.canonical
        if cut.top is not None:
            return np.exp(-(((place[:, 2] - cut.top) / _BAND_WIDTH) ** 2)) > BAND
        crest = (place[:, 2] > _CREST[0]) & (np.abs(place[:, 1] - _CREST[1]) < _CREST[2])
        return crest & (cut.neckline == "straps")

    def held(self) -> np.ndarray:
        """What the garment hangs from, the waistband or the shoulders: int64 [S].

        Tethers to the shoulders would lift a T-shirt's collar: only garments for the whole body have them.
        """
        band = np.flatnonzero(self.waistband())
        if len(band):
            return band
        place = self.pattern.canonical
        up = vertex_normals(place, self._triangles)[:, 2] > _SHOULDER_NORMAL
        high = place[:, 2] > place[:, 2].max() - _SHOULDER_DEPTH
        return np.flatnonzero(up & high & (np.abs(place[:, 0]) < _SHOULDER_REACH))

    @cached_property
    def _mean(self) -> sp.csr_matrix:
        return neighbour_mean(self.pattern.faces, len(self.pattern.ease))

    @cached_property
    def _around_held(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, sp.csr_matrix]:
        """Vertices of all triangles at what is held; those triangles and the held among them; their weights."""
        held = np.zeros(len(self.pattern.ease), dtype=bool)
        held[self.held()] = True
        touching = self._triangles[held[self._triangles].any(axis=1)]
        near, local = np.unique(touching, return_inverse=True)
        return near, local.reshape(touching.shape), np.flatnonzero(held[near]), self.pattern.weights[near]

    @cached_property
    def _inner(self) -> np.ndarray:
        """bool [N] not at a border."""
        inner = np.ones(len(self.pattern.ease), dtype=bool)
        inner[border_vertices(self.pattern.faces)] = False
        return inner

    @cached_property
    def _triangles(self) -> np.ndarray:
        return split_quads(self.pattern.faces)


def dress(pattern: Pattern, helpers: np.ndarray, rng: np.random.Generator) -> Dressed:
    """The garment of `pattern` on a subject whose stacked helper vertices in `START_POSE` are `helpers` [H, 3]."""
    folds = WORN[pattern.cut.fabric][0]
    drawn = float(rng.uniform(*FULLNESS)) * min(folds, 1.0)
    return Dressed(pattern, helpers, drawn if pattern.cut.fullness is None else pattern.cut.fullness)
