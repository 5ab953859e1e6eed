"""A body made of one silhouette: two inflated sheets, open at neck, wrists and ankles; no body model needed."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt


def pillow_body(step: float = 0.03):
    """A topology in a T-pose, z-up, facing -y, with grid spacing `step` metres; also its 'skirt' faces."""
    xs, zs = np.arange(-0.75, 0.75 + step / 2, step), np.arange(-0.75, 0.57, step)
    cx, cz = (xs[:-1] + step / 2)[:, None], (zs[:-1] + step / 2)[None]
    side = np.abs(cx)
    cells = ((side < 0.2) & (cz > 0) & (cz < 0.51)) | ((side > 0.03) & (side < 0.2) & (cz <= 0))
    cells |= (side < 0.075) & (cz > 0.5)
    cells |= (side >= 0.2) & (cz > 0.36) & (cz < 0.48)
    used = np.zeros((len(xs), len(zs)), dtype=bool)
    inner = np.ones_like(used)
    for dx in (0, 1):
        for dz in (0, 1):
            padded = np.zeros_like(used)
            padded[dx : dx + cells.shape[0], dz : dz + cells.shape[1]] = cells
            used |= padded
            inner &= padded
    i, k = np.indices(used.shape)
    neck = used & (k == k[used].max())
    wrist = used & ((i == 0) | (i == len(xs) - 1))
    ankle = used & (k == 0)
    ends = neck | wrist | ankle
    seam = used & ~inner
    for opening in (neck, wrist, ankle):
        for label in (1, -1):
            part = opening & ((xs[:, None] * label >= 0) if opening is not neck else True)
            along = np.flatnonzero(part.any(1)) if opening is not wrist else np.flatnonzero(part.any(0))
            rim = part & (
                ((i > along[0]) & (i < along[-1])) if opening is not wrist else ((k > along[0]) & (k < along[-1]))
            )
            seam &= ~rim
    solid = np.pad(used, ((8, 8), (8, 8)), mode="edge") & ~np.pad(seam & ~ends, 8, mode="edge")
    depth = 0.9 * np.sqrt(0.1 * step * distance_transform_edt(solid)[8:-8, 8:-8])
    depth[seam] = 0.0

    index = np.full((2, *used.shape), -1)
    index[0][used] = np.arange(used.sum())
    index[1] = index[0]
    free = used & ~seam
    index[1][free] = used.sum() + np.arange(free.sum())
    rest = np.zeros((index.max() + 1, 3))
    for sheet, sign in ((1, 1), (0, -1)):
        where = index[sheet][used]
        rest[where] = np.stack([xs[i[used]], sign * depth[used], zs[k[used]]], axis=1)

    faces, islands, quads = [], [], []
    for sheet in (0, 1):
        for a, b in zip(*np.nonzero(cells), strict=True):
            q = [index[sheet][a, b], index[sheet][a + 1, b], index[sheet][a + 1, b + 1], index[sheet][a, b + 1]]
            q = q if sheet == 0 else q[::-1]
            faces += [[q[0], q[1], q[2]], [q[0], q[2], q[3]]]
            islands += [sheet, sheet]
            quads += [(a, b), (a, b)]
    faces, islands, quads = np.array(faces), np.array(islands), np.array(quads)
    left_in = np.flatnonzero(cells[:, 0] & (xs[:-1] < 0)).max()
    right_in = np.flatnonzero(cells[:, 0] & (xs[:-1] > 0)).min()
    below = zs[quads[:, 1]] < -step
    skirt = faces[~(below & ((quads[:, 0] == left_in) | (quads[:, 0] == right_in)))].tolist()
    for sheet in (0, 1):
        for b in np.flatnonzero(zs < -step):
            q = [index[sheet][left_in, b], index[sheet][right_in + 1, b]]
            q += [index[sheet][right_in + 1, b + 1], index[sheet][left_in, b + 1]]
            q = q if sheet == 0 else q[::-1]
            skirt += [[q[0], q[1], q[2]], [q[0], q[2], q[3]]]
    return SimpleNamespace(
        num_vertices=len(rest),
        faces={"default": faces.astype(np.int32), "skirt": np.array(skirt, dtype=np.int32)},
        islands=islands.astype(np.int8),
        rest=rest.astype(np.float32),
        digest="pillow",
    )


@pytest.fixture(scope="session")
def body():
    return pillow_body()


@pytest.fixture(scope="session")
def small_open_body():
    """The open body's topology, not subdivided: V = 3865."""
    from garment_uv.body import AnnyBody, build_topology

    return build_topology(AnnyBody(), subdivisions=0)


@pytest.fixture(scope="session")
def spread_atlas(small_open_body):
    """Its atlas of 128 texels, spread."""
    from garment_uv.uv.build import build_atlas

    return build_atlas(small_open_body, 128, "spread")


@pytest.fixture(scope="session")
def atlas(body):
    from garment_uv.uv.build import build_atlas

    return build_atlas(body, 128)
