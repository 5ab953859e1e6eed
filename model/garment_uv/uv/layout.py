"""The outline that an island is given on its half of the canvas: a standing figure that fills a rectangle (ours).

Coordinates of this file: x in [-1, 1] to the right, y in [0, 1] down. Arms hang beside the torso, legs widen below
it. The proportions follow how much surface and how many vertices each part has.
"""

from dataclasses import dataclass

import numpy as np

BULGE = 0.0015
"""How far the outer sides swell, so that no inner edge of the mesh lies on a straight side."""


@dataclass(frozen=True)
class Proportions:
    """The shares of the parts' weights; they sum to 1."""

    chest: float
    belly: float
    arms: float
    legs: float


@dataclass(frozen=True)
class Figure:
    """The corners [2] of the left half, x < 0; the right half mirrors them."""

    neck: np.ndarray
    shoulder: np.ndarray
    wrist_outer: np.ndarray
    wrist_inner: np.ndarray
    armpit: np.ndarray
    hip: np.ndarray
    knee: np.ndarray
    """Where the leg reaches the canvas's side."""
    ankle_outer: np.ndarray
    ankle_inner: np.ndarray
    crotch: np.ndarray
    fork: np.ndarray
    """Where belly and both legs meet, above the crotch."""


def figure(shares: Proportions, gap: float, rise: float) -> Figure:
    """Corners whose parts cover about their shares of the rectangle.

    `gap` is the free width, in units of x, between arm and torso at the wrist and between the legs at the ankles;
    `rise` is how far the crotch lies below the line from hip to hip, as a share of that line's length.
    """
    upper = shares.chest + shares.belly + shares.arms
    hip_y = float(np.clip(upper - 0.02, 0.3, 0.75))
    arm = float(np.clip(shares.arms / upper, 0.12, 0.5))
    armpit_x = 1.0 - arm * 1.05
    armpit_y = float(np.clip(hip_y * shares.chest / (shares.chest + shares.belly), 0.08, hip_y - 0.12))
    shoulder_y = 0.25 * armpit_y
    inner = armpit_x - gap / 2
    drop = float(np.clip(0.45 * inner * rise, 0.01, 0.15))
    return Figure(
        neck=np.array([-0.45 * armpit_x, BULGE]),
        shoulder=np.array([-1.0, shoulder_y]),
        wrist_outer=np.array([-1.0, hip_y - 0.3 * gap]),
        wrist_inner=np.array([-armpit_x - gap / 2, hip_y - 0.3 * gap]),
        armpit=np.array([-armpit_x, armpit_y]),
        hip=np.array([-inner, hip_y]),
        knee=np.array([-1.0, hip_y + 0.2 * (1 - hip_y) + 0.04]),
        ankle_outer=np.array([-1.0, 1.0 - BULGE]),
        ankle_inner=np.array([-gap / 2, 1.0 - BULGE]),
        crotch=np.array([0.0, hip_y + 0.02 + drop]),
        fork=np.array([0.0, hip_y + 0.02]),
    )


def along(corners: list[np.ndarray], lengths: np.ndarray, bulge: float) -> np.ndarray:
    """Points [n + 1, 2] along a polyline for n edges of the given lengths, from its first corner to its last.

    Spread by half the edges' lengths and half their number; `bulge` swells each straight part to the right of the
    way, which is outside when the outline runs counter-clockwise in the picture.
    """
    steps = 0.5 * lengths / max(lengths.sum(), 1e-12) + 0.5 / len(lengths)
    at = np.concatenate([[0.0], np.cumsum(steps)])
    at /= at[-1]
    polyline = np.array(corners)
    parts = np.linalg.norm(np.diff(polyline, axis=0), axis=1)
    stops = np.concatenate([[0.0], np.cumsum(parts)]) / parts.sum()
    points = np.stack([np.interp(at, stops, polyline[:, axis]) for axis in (0, 1)], axis=1)
    part = np.clip(np.searchsorted(stops, at, side="right") - 1, 0, len(parts) - 1)
    local = (at - stops[part]) / (stops[part + 1] - stops[part])
    way = np.diff(polyline, axis=0)[part] / parts[part, None]
    outward = np.stack([-way[:, 1], way[:, 0]], axis=1)
    return points + outward * (4 * local * (1 - local) * bulge)[:, None]
