"""Terms on the surface (published): normals matched by nearest neighbour, Laplacian smoothing, lengths of edges."""

import torch

from garment_uv.losses.means import CM_PER_M, MaskedMean, masked_mean
from garment_uv.losses.nearest import nearest_vertices
from garment_uv.losses.surface import Covered, SurfaceOperators

SMALLEST_CM2 = 1e-3
"""Twice an area below which a vertex's normal fades to zero, so that folded faces keep finite gradients."""


def covered_normals(operators: SurfaceOperators, positions: torch.Tensor, covered: Covered) -> torch.Tensor:
    """Area-weighted unit normals [V, n, 3] of the covered faces at positions [V, n, 3] (m); elsewhere 0."""
    first, second = operators.side_vectors(positions * CM_PER_M).chunk(2, dim=0)
    face_normals = torch.linalg.cross(first, second)
    face_normals = face_normals * covered.faces.unsqueeze(2)
    summed = operators.faces_to_vertices(face_normals)
    return summed / (summed.square().sum(dim=2, keepdim=True) + SMALLEST_CM2**2).sqrt()


def normal_term(
    operators: SurfaceOperators, predicted: torch.Tensor, true: torch.Tensor, covered: Covered
) -> MaskedMean:
    """Squared L2 (0 to 4, no unit) between each predicted vertex's normal and that of the nearest true vertex.

    `predicted` and `true` are positions [V, n, 3] in metres. Which vertex is nearest passes no gradient.
    """
    normals = covered_normals(operators, predicted, covered)
    with torch.no_grad():
        true_normals = covered_normals(operators, true, covered)
        match = nearest_vertices(predicted, true, covered.vertices)
        matched = true_normals.gather(0, match.unsqueeze(2).expand_as(true_normals))
    return masked_mean((normals - matched).square().sum(dim=2), covered.vertices)


def laplacian_term(operators: SurfaceOperators, predicted: torch.Tensor, covered: Covered) -> MaskedMean:
    """Squared distance (cm^2) of each vertex from the mean of its neighbours, at positions [V, n, 3] in metres.

    Interior vertices only (ours): at a hem the neighbours lie on one side, and smoothing would shrink the garment.
    """
    offsets = operators.laplacian(predicted * CM_PER_M)
    return masked_mean(offsets.square().sum(dim=2), covered.interior)


SMALLEST_CM = 1e-3
"""Lengths are rounded off below this, so that an edge of no length has a gradient."""


def edge_lengths_cm(operators: SurfaceOperators, positions: torch.Tensor) -> torch.Tensor:
    """Lengths [E, n] in cm of the edges at positions [V, n, 3] in metres."""
    vectors = operators.edge_vectors(positions * CM_PER_M)
    return (vectors.square().sum(dim=2) + SMALLEST_CM**2).sqrt()


def edge_term(operators: SurfaceOperators, predicted: torch.Tensor, true: torch.Tensor, covered: Covered) -> MaskedMean:
    """Squared difference (cm^2) between the lengths of the predicted and the true surface's covered edges."""
    with torch.no_grad():
        wanted = edge_lengths_cm(operators, true)
    return masked_mean((edge_lengths_cm(operators, predicted) - wanted).square(), covered.edges)
