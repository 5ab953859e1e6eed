"""From what the segment head says at each vertex to a wearable outfit (ours; nothing is published).

Vertex by vertex, the most probable classes can be a patchwork of garments that nobody wears together. So the
outfit is decided first, for the body as a whole, and small patches then take the class around them.
"""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from garment_uv.classes import CLASS_IDS, OUTFITS
from garment_uv.geometry.edges import unique_edges
from garment_uv.uv.atlas import Atlas

SMALLEST_PATCH = 0.02
"""Share of all vertices under which a connected patch of one class is no garment and no opening."""


class OutfitDecoder:
    """Decides vertex classes on one atlas's surface."""

    def __init__(self, atlas: Atlas) -> None:
        self._edges = unique_edges(atlas.faces["default"])[0]
        self._num_vertices = atlas.num_vertices

    def __call__(self, probabilities: np.ndarray) -> np.ndarray:
        """Classes int64 [V] of class probabilities [V, 7] in the likeliest outfit.

        A vertex is covered when any garment is likelier there than none, and then bears the likeliest of the outfit's
        pieces. An outfit's likelihood is the product over the vertices of their best class in it, 'none' included.
        """
        allowed = [[CLASS_IDS[name] for name in outfit] for outfit in OUTFITS]
        safe = np.log(np.maximum(probabilities, 1e-6))
        pieces = np.array(max(allowed, key=lambda classes: safe[:, [0, *classes]].max(axis=1).sum()))
        likeliest = pieces[probabilities[:, pieces].argmax(axis=1)]
        return self._without_patches(np.where(probabilities[:, 0] > 0.5, 0, likeliest))

    def _without_patches(self, classes: np.ndarray) -> np.ndarray:
        a, b = self._edges.T
        alike = classes[a] == classes[b]
        graph = self._graph(a[alike], b[alike])
        count, patch = connected_components(graph, directed=False)
        small = np.bincount(patch, minlength=count)[patch] < SMALLEST_PATCH * self._num_vertices
        if small.all() or not small.any():
            return classes
        neighbours = self._graph(np.concatenate([a, b]), np.concatenate([b, a]))
        number = classes.max() + 1
        found = np.where(small, -1, classes)
        while True:
            known = np.flatnonzero(found >= 0)
            votes = neighbours[:, known] @ np.eye(number)[found[known]]
            reached = (found < 0) & (votes.sum(axis=1) > 0)
            if not reached.any():
                return np.where(found < 0, 0, found)
            found[reached] = votes[reached].argmax(axis=1)

    def _graph(self, rows: np.ndarray, columns: np.ndarray) -> sparse.csr_matrix:
        shape = (self._num_vertices, self._num_vertices)
        return sparse.coo_matrix((np.ones(len(rows)), (rows, columns)), shape=shape).tocsr()
