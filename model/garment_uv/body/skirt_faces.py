"""The topology for Skirt and Dress: legs joined in front and at the back, so that the cloth closes as a tube. Ours."""

import numpy as np

from garment_uv.geometry.edges import directed_edges, unique_edges


def inner_strip(faces: np.ndarray, inner_seam: np.ndarray) -> np.ndarray:
    """Mask bool [F] of the faces that touch the inner-leg seam: those the joined legs have no room for."""
    return np.asarray(np.isin(faces, inner_seam).any(axis=1))


def strip_borders(faces: np.ndarray, strip: np.ndarray, islands: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The strip's long sides as vertex paths from the left ankle over the crotch to the right: front [N], back [M].

    Both follow the direction that the edges of the faces beside the strip have, so one of them runs from right to
    left; ValueError when the strip is not one band with two long sides.
    """
    kept = faces[~strip]
    rows = directed_edges(kept)
    _, of_row, counts = unique_edges(kept)
    open_rows = np.flatnonzero(counts[of_row] == 1)
    once_closed = {tuple(row) for row in directed_edges(faces[strip]).tolist()}
    new_rows = [row for row in open_rows if (int(rows[row, 1]), int(rows[row, 0])) in once_closed]
    following = {int(rows[row, 0]): int(rows[row, 1]) for row in new_rows}
    island_of = {int(rows[row, 0]): int(islands[~strip][row % len(kept)]) for row in new_rows}
    starts = sorted(set(following) - set(following.values()))
    if len(starts) != 2 or len(following) != len(new_rows):
        raise ValueError("the inner-leg strip is not one band with a front and a back side")
    sides = {}
    for start in starts:
        path = [start]
        while path[-1] in following:
            path.append(following[path[-1]])
        sides[round(np.mean([island_of[vertex] for vertex in path[:-1]]))] = np.array(path)
    if set(sides) != {0, 1}:
        raise ValueError("both sides of the inner-leg strip lie on one island")
    return sides[0], sides[1]


def bridge(vertices: np.ndarray, border: np.ndarray) -> np.ndarray:
    """Faces int32 [N - 2, 3] that close the gap between the two legs along one border.

    The border runs up one leg and down the other, in the direction of the edges of the faces beside it; the faces
    zip both legs together from the crotch down, each leg advancing at its own share of its length.
    """
    apex = _apex(vertices, border)
    up, down = border[apex::-1], border[apex:]
    shares = [_shares(vertices[chain]) for chain in (up, down)]
    faces = []
    i = j = 0
    while i < len(up) - 1 or j < len(down) - 1:
        rising = j == len(down) - 1 or (i < len(up) - 1 and shares[0][i + 1] <= shares[1][j + 1])
        if rising:
            faces.append((up[i], up[i + 1], down[j]))
            i += 1
        else:
            faces.append((down[j + 1], down[j], up[i]))
            j += 1
    proper = [face for face in faces if len(set(face)) == 3]
    return np.array(proper, dtype=np.int32)


def _apex(vertices: np.ndarray, border: np.ndarray) -> int:
    """Position on the border of the vertex at the crotch: nearest to the plane between the legs, not at an ankle."""
    inner = np.abs(vertices[border, 0])
    inner[[0, -1]] = np.inf
    return int(inner.argmin())


def _shares(points: np.ndarray) -> np.ndarray:
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    return np.concatenate([[0.0], np.cumsum(steps) / steps.sum()])
