"""Linear blend skinning, shared by the bodies."""

import numpy as np
from scipy import sparse


def skin(weights: sparse.csr_matrix, vertices: np.ndarray, transforms: np.ndarray) -> np.ndarray:
    """Posed vertices float32 [T, V, 3], metres.

    weights: float32 CSR [V, B], rows adding to one. vertices: rest vertices [V, 3], or [T, V, 3] where they change
    with the pose. transforms: rest-to-posed [T, B, 3, 4].
    """
    frames, count = len(transforms), weights.shape[0]
    posed = np.empty((frames, count, 3), dtype=np.float32)
    homogeneous = np.ones((count, 4), dtype=np.float32)
    for frame, matrices in enumerate(transforms.astype(np.float32)):
        homogeneous[:, :3] = vertices if vertices.ndim == 2 else vertices[frame]
        blended = (weights @ matrices.reshape(-1, 12)).reshape(-1, 3, 4)
        np.einsum("vij,vj->vi", blended, homogeneous, out=posed[frame])
    return posed
