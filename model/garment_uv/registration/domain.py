"""The body side of a registration: the topology's rest surface with smoothed normals and its neighbourhoods."""

from dataclasses import dataclass
from functools import cached_property

import igl
import numpy as np
import scipy.sparse as sp

from garment_uv.body.topology import BodyTopology
from garment_uv.geometry.edges import adjacency, border_edges, directed_edges, edge_lengths

NORMAL_SMOOTHING = 6
"""Rounds of averaging over neighbours."""


@dataclass(frozen=True)
class Domain:
    """One subject's rest body on one topology."""

    topology_name: str
    vertices: np.ndarray
    """float64 [V, 3] metres."""
    normals: np.ndarray
    """float64 [V, 3] unit, smoothed over the neighbours."""
    faces: np.ndarray
    """int64 [F, 3] of the topology."""
    body_faces: np.ndarray
    """int64 [F', 3] of the default topology: the closed legs."""
    neighbours: sp.csr_matrix
    """0/1 [V, V] edges of `faces`."""
    used: np.ndarray
    """bool [V] whether a face of the topology has the vertex."""
    rim: np.ndarray
    """bool [V] vertices at the openings: neck, wrists, ankles."""

    @cached_property
    def median_edge(self) -> float:
        """Of the topology's faces, metres."""
        return float(np.median(edge_lengths(self.vertices, directed_edges(self.faces))))


def body_domain(topology: BodyTopology, rest_body: np.ndarray, topology_name: str) -> Domain:
    """The domain of `rest_body` [V, 3] metres; raises ValueError for a wrong shape."""
    vertices = np.asarray(rest_body, dtype=np.float64)
    if vertices.shape != (topology.num_vertices, 3):
        raise ValueError(f"rest body has shape {vertices.shape}, wanted [{topology.num_vertices}, 3]")
    faces = np.asarray(topology.faces[topology_name], dtype=np.int64)
    body_faces = np.asarray(topology.faces["default"], dtype=np.int64)
    neighbours = adjacency(faces, len(vertices))
    used = np.zeros(len(vertices), dtype=bool)
    used[faces] = True
    rim = np.zeros(len(vertices), dtype=bool)
    rim[border_edges(body_faces)] = True
    normals = _smoothed(igl.per_vertex_normals(vertices, body_faces), adjacency(body_faces, len(vertices)))
    return Domain(topology_name, vertices, normals, faces, body_faces, neighbours, used, rim & used)


def _smoothed(normals: np.ndarray, neighbours: sp.csr_matrix) -> np.ndarray:
    normals = np.nan_to_num(normals)
    for _ in range(NORMAL_SMOOTHING):
        normals = normals + neighbours @ normals
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return normals
