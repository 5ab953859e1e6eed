"""Nearest vertices between two surfaces of one topology."""

import torch
from scipy.spatial import cKDTree

CHUNK = 2048
"""Queries at a time on a GPU: bounds the distance matrix to CHUNK x vertices."""


@torch.no_grad()
def nearest_vertices(queries: torch.Tensor, points: torch.Tensor, taking_part: torch.Tensor) -> torch.Tensor:
    """For each vertex of `queries` the nearest of `points`, both [V, n, 3], per sample: indices int64 [V, n].

    Only vertices with `taking_part` bool [V, n] ask and are found; the others get index 0. On the CPU a k-d
    tree per sample, on a GPU exact distances in chunks: never the matrix-product form, which picks wrong
    neighbours. A query that is not finite gets some neighbour, so that the loss itself shows what is wrong.
    """
    search = _by_tree if queries.device.type == "cpu" else _by_distance
    found = torch.zeros(taking_part.shape, dtype=torch.int64, device=queries.device)
    for sample in range(taking_part.shape[1]):
        members = taking_part[:, sample].nonzero().flatten()
        if len(members):
            asked = torch.nan_to_num(queries[members, sample], nan=0.0, posinf=1e6, neginf=-1e6)
            found[members, sample] = members[search(asked, points[members, sample])]
    return found


def _by_tree(queries: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    tree = cKDTree(points.numpy(), balanced_tree=False, compact_nodes=False)
    return torch.from_numpy(tree.query(queries.numpy())[1])


def _by_distance(queries: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    exact = "donot_use_mm_for_euclid_dist"
    chunks = [torch.cdist(part, points, compute_mode=exact).argmin(dim=1) for part in queries.split(CHUNK)]
    return torch.cat(chunks)
