"""Class segments on the canvas."""

import numpy as np

from garment_uv.uv.atlas import Atlas
from garment_uv.uv.coverage import coverage
from garment_uv.uv.sampling import sampling_matrix


def rasterise_classes(atlas: Atlas, vertex_classes: np.ndarray) -> np.ndarray:
    """Segments uint8 [U, U] of `vertex_classes` [V] (0 none): each covered texel takes its nearest vertex's class.

    An empty texel that S reads for a garment's vertex takes that vertex's class, so that a map masked by the
    segments still holds everything that is read from it. (Published as 'UV semantic segments'; the rule is ours.)
    """
    classes = np.asarray(vertex_classes)
    if classes.shape != (atlas.num_vertices,):
        raise ValueError(f"vertex classes have shape {classes.shape}, wanted [{atlas.num_vertices}]")
    cover = coverage(atlas)
    segments = np.zeros(atlas.size * atlas.size, dtype=np.uint8)
    nearest = cover.vertices[np.arange(len(cover.texels)), cover.weights.argmax(axis=1)]
    segments[cover.texels] = classes[nearest]

    reads = sampling_matrix(atlas).tocoo()
    wanted = (classes[reads.row] != 0) & (segments[reads.col] == 0)
    order = np.argsort(reads.data[wanted], kind="stable")
    segments[reads.col[wanted][order]] = classes[reads.row[wanted][order]]
    return segments.reshape(atlas.size, atlas.size)
