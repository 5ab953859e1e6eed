"""The frames of a posed body's surface, at its vertices and as a map that gives them back there (ours).

Tangents by differences over a map are wrong where a map ends: beside a seam they look into the gutter, and the two
halves of a seam vertex disagree. So frames are made on the mesh, one a vertex, and written to the map.
"""

import numpy as np
import scipy.sparse as sp
import torch
from torch import nn

from garment_uv.geometry.sparse import SparseOperator
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.sampling import coverage, sampling_matrix

ROUNDS = 20
"""Rounds of conjugate gradients towards a map that gives the frames back: a fixed number, so that no device waits."""
_FLAT = 1e-6
"""Length of a tangent, as a share of what it was before its part along the normal was taken away, or of a normal in
m^2, below which there is no frame but the identity."""


class SurfaceFrames(nn.Module):
    """Frames of bodies posed on the topology of an atlas; nothing in it is learned and no gradient passes.

    At each vertex the axes are: tangent, the direction in which the map's u grows over the faces around the vertex, on
    both islands for a seam vertex; bitangent, the normal times the tangent; normal, outward, weighted by the faces'
    areas. They are orthonormal and right-handed, and turn with the body.
    """

    _elsewhere: torch.Tensor
    _scale: torch.Tensor

    def __init__(self, atlas: Atlas) -> None:
        super().__init__()
        faces, count = np.asarray(atlas.faces["default"], np.int64), atlas.num_vertices
        self.size = atlas.size
        self._sides = SparseOperator(_sides(faces, count))
        self._around = SparseOperator(_corners(faces, count).T.tocsr())
        self._along_u = SparseOperator(_along_u(atlas, faces))
        read, spread = sampling_matrix(atlas), _spread(atlas)
        gram = (read @ read.T).tocsr()
        scale = 1.0 / np.sqrt(gram.diagonal())
        self._write = SparseOperator(spread)
        self._off = SparseOperator((sp.identity(count) - read @ spread).tocsr())
        self._gram = SparseOperator((sp.diags(scale) @ gram @ sp.diags(scale)).tocsr())
        self._correct = SparseOperator(read.T.tocsr())
        elsewhere = np.ones(atlas.size**2, np.float32)
        elsewhere[coverage(atlas).texels] = 0.0
        self.register_buffer("_scale", torch.from_numpy(scale.astype(np.float32)), persistent=False)
        self.register_buffer("_elsewhere", torch.from_numpy(elsewhere), persistent=False)

    @torch.no_grad()
    def at_vertices(self, vertices: torch.Tensor) -> torch.Tensor:
        """Frames float32 [B, V, 3, 3] of posed vertices [B, V, 3] (m): the axes, then their coordinates.

        The identity at a vertex of no face, or where faces are folded to nothing.
        """
        places = vertices.float().transpose(0, 1)
        first, second = self._sides(places).chunk(2, dim=0)
        normal = self._around(torch.linalg.cross(first, second))
        area = normal.norm(dim=2, keepdim=True)
        normal = normal / area.clamp_min(1e-20)
        raw = self._along_u(places)
        tangent = raw - (raw * normal).sum(dim=2, keepdim=True) * normal
        length = tangent.norm(dim=2, keepdim=True)
        tangent = tangent / length.clamp_min(1e-20)
        frames = torch.stack((tangent, torch.linalg.cross(normal, tangent), normal), dim=2)
        sound = (area > _FLAT**2) & (length > _FLAT * raw.norm(dim=2, keepdim=True))
        identity = torch.eye(3, device=frames.device).expand_as(frames)
        return torch.where(sound[..., None], frames, identity).transpose(0, 1)

    @torch.no_grad()
    def forward(self, vertices: torch.Tensor) -> torch.Tensor:
        """The frames as a map float32 [B, 3, 3, U, U]: read at a vertex, it gives the frame there. Void: the identity.

        On an atlas whose points crowd, what is read at those points is only near their frames.
        """
        batch = len(vertices)
        wanted = self.at_vertices(vertices).permute(1, 0, 2, 3).reshape(vertices.shape[1], -1)
        texels = self._write(wanted)
        texels = texels + self._correct(self._solved(self._off(wanted)))
        texels = texels.reshape(-1, batch, 3, 3)
        texels = texels + self._elsewhere[:, None, None, None] * torch.eye(3, device=texels.device)
        return texels.permute(1, 2, 3, 0).reshape(batch, 3, 3, self.size, self.size)

    def _solved(self, wanted: torch.Tensor) -> torch.Tensor:
        """About (S S^T)^-1 of columns [V, C], by conjugate gradients, a column at a time, scaled to a unit diagonal."""
        scale = self._scale[:, None]
        rest = wanted * scale
        found, way = torch.zeros_like(rest), rest
        error = rest.square().sum(dim=0)
        for _ in range(ROUNDS):
            turned = self._gram(way)
            step = error / (way * turned).sum(dim=0).clamp_min(1e-30)
            found = found + step * way
            rest = rest - step * turned
            smaller = rest.square().sum(dim=0)
            way = rest + smaller / error.clamp_min(1e-30) * way
            error = smaller
        return found * scale


def _sides(faces: np.ndarray, count: int) -> sp.csr_matrix:
    """[2F, V]: of all faces the second minus the first corner, then the third minus the first."""
    rows = np.tile(np.arange(2 * len(faces)), 2)
    columns = np.concatenate([faces[:, 1], faces[:, 2], faces[:, 0], faces[:, 0]])
    values = np.repeat([1.0, -1.0], 2 * len(faces))
    return sp.csr_matrix((values, (rows, columns)), shape=(2 * len(faces), count))


def _corners(faces: np.ndarray, count: int) -> sp.csr_matrix:
    """[F, V] with a 1 at each face's corners."""
    rows = np.repeat(np.arange(len(faces)), 3)
    return sp.csr_matrix((np.ones(3 * len(faces)), (rows, faces.ravel())), shape=(len(faces), count))


def _along_u(atlas: Atlas, faces: np.ndarray) -> sp.csr_matrix:
    """[V, V]: vertex positions to the derivative along u, summed over the faces around, each times its area in the map.

    The derivative of a face is a sum over its corners, each times how far the side opposite reaches down; the area
    takes the division away, so that thin triangles count little instead of much.
    """
    down = atlas.points[atlas.uv_faces, 1]
    reach = 0.5 * (np.roll(down, 1, axis=1) - np.roll(down, -1, axis=1))
    count = atlas.num_vertices
    rows = np.repeat(faces, 3, axis=1).ravel()
    columns, values = np.tile(faces, (1, 3)).ravel(), np.tile(reach, (1, 3)).ravel()
    return sp.coo_matrix((values, (rows, columns)), shape=(count, count)).tocsr()


def _spread(atlas: Atlas) -> sp.csr_matrix:
    """[U * U, V]: vertex values to covered texels, linear inside each triangle, nearest point in the gutter."""
    cover = coverage(atlas)
    entries = (cover.weights.ravel(), (np.repeat(cover.texels, 3), cover.vertices.ravel()))
    return sp.coo_matrix(entries, shape=(atlas.size**2, atlas.num_vertices)).tocsr()
