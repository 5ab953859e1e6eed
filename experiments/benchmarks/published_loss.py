"""The mesh terms in the published form, for a comparison: grid sampling, COO Laplacian, gathers, cdist over all.

Written from the published description; the values are those of `garment_uv.losses`.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from garment_uv.losses.generator_loss import GeneratorLoss
from garment_uv.losses.map_terms import mesh_term
from garment_uv.losses.means import masked_mean, mean_of
from garment_uv.losses.surface import SurfaceOperators, covered_normals, edge_term, laplacian_term
from garment_uv.uv.atlas import Atlas

FAR_M = 1000.0
"""Where vertices that take no part in the matching are put, so that nothing is nearest to them."""


class PointSampler(nn.Module):
    """Bilinear reads at the atlas's points, averaged over the points of a vertex."""

    def __init__(self, atlas: Atlas) -> None:
        super().__init__()
        grid = torch.from_numpy(2 * atlas.points / (atlas.size - 1) - 1).float().view(1, 1, -1, 2)
        vertices = torch.from_numpy(atlas.point_vertex.astype(np.int64))
        self.register_buffer("grid", grid, persistent=False)
        self.register_buffer("vertices", vertices, persistent=False)
        self.register_buffer("uses", torch.bincount(vertices, minlength=atlas.num_vertices).float(), persistent=False)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Vertices [B, V, C] of maps [B, C, U, U]."""
        grid = self.grid.expand(len(maps), -1, -1, -1)
        read = F.grid_sample(maps, grid, mode="bilinear", align_corners=True).squeeze(2)
        summed = read.new_zeros(*read.shape[:2], len(self.uses)).index_add(2, self.vertices, read)
        return (summed / self.uses).transpose(1, 2)


class PlainOperators(nn.Module):
    """What `SurfaceOperators` gives, by gathers, index_add and a COO Laplacian."""

    def __init__(self, ours: SurfaceOperators) -> None:
        super().__init__()
        self.covered = ours.covered
        matrix = ours.laplacian._matrix("forward", (ours.laplacian.rows, ours.laplacian.columns))
        self.register_buffer("matrix", matrix.to_sparse_coo().coalesce(), persistent=False)
        self.register_buffer("edges", ours.edges, persistent=False)
        self.register_buffer("faces", ours.faces, persistent=False)

    def laplacian(self, positions: torch.Tensor) -> torch.Tensor:
        """Mean of the neighbours minus the vertex, of [V, n, 3]; samples and xyz are columns of one product."""
        return torch.sparse.mm(self.matrix, positions.flatten(1)).view_as(positions)

    def edge_vectors(self, positions: torch.Tensor) -> torch.Tensor:
        """[E, n, 3] of positions [V, n, 3]."""
        return positions[self.edges[:, 1]] - positions[self.edges[:, 0]]

    def side_vectors(self, positions: torch.Tensor) -> torch.Tensor:
        """[2F, n, 3]: second minus first corner of all faces, then third minus first."""
        first, second, third = (positions[self.faces[:, corner]] for corner in range(3))
        return torch.cat((second - first, third - first))

    def faces_to_vertices(self, values: torch.Tensor) -> torch.Tensor:
        """[V, n, 3]: sums over the faces at each vertex, of [F, n, 3]."""
        summed = values.new_zeros(self.matrix.shape[0], *values.shape[1:])
        for corner in range(3):
            summed = summed.index_add(0, self.faces[:, corner], values)
        return summed


@torch.no_grad()
def match_by_cdist(queries: torch.Tensor, points: torch.Tensor, part: torch.Tensor, exact: bool) -> torch.Tensor:
    """Nearest of all `points` for all `queries` [V, n, 3]: int64 [V, n]; one distance matrix [V, V] per sample.

    Without `exact` torch may take the matrix-product form, which is faster and picks some wrong neighbours.
    """
    mode = "donot_use_mm_for_euclid_dist" if exact else "use_mm_for_euclid_dist_if_necessary"
    found = []
    for sample in range(queries.shape[1]):
        offered = points[:, sample].masked_fill(~part[:, sample, None], FAR_M)
        found.append(torch.cdist(queries[:, sample].contiguous(), offered, compute_mode=mode).argmin(dim=1))
    return torch.stack(found, dim=1)


class PublishedLoss(GeneratorLoss):
    """All terms of `GeneratorLoss`, those of the surface in the published form."""

    exact = False
    """Whether neighbours are exact, as ours are: needed to compare values, slower."""

    def __init__(self, config, atlas: Atlas) -> None:
        super().__init__(config, atlas)
        self.read_predicted = self.read_true = PointSampler(atlas)
        self.surfaces = nn.ModuleDict({name: PlainOperators(ours) for name, ours in self.surfaces.items()})

    def normal_term(self, part):
        """Squared distance between each normal and that of the nearest true vertex."""
        normals = covered_normals(part.operators, part.predicted, part.covered)
        with torch.no_grad():
            true = covered_normals(part.operators, part.true, part.covered)
            match = match_by_cdist(part.predicted, part.true, part.covered.vertices, self.exact)
            matched = true.gather(0, match.unsqueeze(2).expand_as(true))
        return masked_mean((normals - matched).square().sum(dim=2), part.covered.vertices)

    def _surface_terms(self, output, batch) -> dict[str, torch.Tensor]:
        predicted, true = self.read_predicted(output.displacement), self.read_true(batch.displacement_uv)
        parts = self._by_topology(predicted, true, batch)
        return {
            "mesh": mean_of([mesh_term(predicted, true, batch.vertex_classes)]),
            "normal": mean_of([self.normal_term(part) for part in parts]),
            "laplacian": mean_of([laplacian_term(p.operators, p.predicted, p.covered) for p in parts]),
            "edge": mean_of([edge_term(p.operators, p.predicted, p.true, p.covered) for p in parts]),
        }
