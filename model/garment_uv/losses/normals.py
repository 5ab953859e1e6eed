"""L2 between surface normals, matched by nearest neighbour (published)."""

import torch

from garment_uv.losses.means import CM_PER_M, Share, masked_share
from garment_uv.losses.nearest import nearest_vertices
from garment_uv.losses.surface import Covered, SurfaceOperators

SMALLEST_CM2 = 1e-3
"""Twice an area below which a vertex's normal fades to zero, so that folded faces keep finite gradients."""


def vertex_normals(operators: SurfaceOperators, positions: torch.Tensor, covered: Covered) -> torch.Tensor:
    """Area-weighted unit normals [V, n, 3] of the covered faces at positions [V, n, 3] (m); elsewhere 0."""
    first, second = operators.side_vectors(positions * CM_PER_M).chunk(2, dim=0)
    face_normals = torch.linalg.cross(first, second)
    face_normals = face_normals * covered.faces.unsqueeze(2)
    summed = operators.faces_to_vertices(face_normals)
    return summed / (summed.square().sum(dim=2, keepdim=True) + SMALLEST_CM2**2).sqrt()


def normal_share(
    operators: SurfaceOperators, predicted: torch.Tensor, true: torch.Tensor, covered: Covered
) -> Share:
    """Squared L2 (0 to 4, no unit) between each predicted vertex's normal and that of the nearest true
    vertex.

    `predicted` and `true` are positions [V, n, 3] in metres. Which vertex is nearest passes no gradient.
    """
    normals = vertex_normals(operators, predicted, covered)
    with torch.no_grad():
        true_normals = vertex_normals(operators, true, covered)
        match = nearest_vertices(predicted, true, covered.vertices)
        matched = true_normals.gather(0, match.unsqueeze(2).expand_as(true_normals))
    return masked_share((normals - matched).square().sum(dim=2), covered.vertices)
