"""How far a garment stands off the body and how freely it hangs, from its cut and the place on the body. Ours."""

import numpy as np

from garment_uv.datasets.open.outfits import GarmentCut

SKIRT_JOIN = -0.025
"""Height at which the skirt's tube begins, metres."""
BAND = 0.0035
"""Ease of a waistband or cuff, metres."""


def ramp(value: np.ndarray, start: float, end: float) -> np.ndarray:
    """0 at `start` to 1 at `end`, smooth."""
    share = np.clip((value - start) / (end - start), 0.0, 1.0)
    return share * share * (3 - 2 * share)


def fit(cut: GarmentCut, p: np.ndarray, tube: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ease, flare and hang of each vertex of the mean subject's garment."""
    loose = cut.looseness
    reach, height = np.abs(p[:, 0]), p[:, 2]
    arm = (height > 0.2) & (reach > 0.17)
    ease = np.full(len(p), 0.006 + 0.007 * loose)
    hang = np.full(len(p), 0.12 + 0.1 * loose)
    flare = np.zeros(len(p))
    along = ramp(reach, 0.17, 0.60)
    ease += np.where(arm, (0.006 + 0.030 * loose) * along, 0.0)
    if cut.cuff:
        ease += np.where(arm, cut.cuff * ramp(reach, 0.17, cut.sleeve) ** 2, 0.0)
    hang += np.where(arm, (0.25 + 0.45 * loose) * along, 0.0)
    if cut.top is None:
        body = ramp(-height, -0.34, -0.05)
        waisted = cut.nip * np.exp(-(((height - cut.waist) / 0.07) ** 2)) if cut.nip else 0.0
        ease += np.where(arm, 0.0, (0.004 + 0.034 * loose) * body * (1.0 - 0.85 * waisted))
        hang += np.where(arm, 0.0, (0.15 + 0.55 * loose) * body * (1.0 - 0.8 * waisted))
    else:
        band = np.exp(-(((height - cut.top) / 0.035) ** 2))
        ease = ease * (1 - band) + BAND * band
        hang = hang * (1 - band)
    if cut.name in ("Trousers", "Jumpsuit"):
        leg = ramp(-height, 0.0, 0.85)
        ease += (0.004 + 0.034 * loose) * leg + cut.flare * leg**2
        hang += (0.2 + 0.6 * loose) * leg
    if cut.name in ("Skirt", "Dress"):
        below = np.clip((SKIRT_JOIN - height) / 0.8, 0.0, None)
        flare = np.where(tube, cut.flare * below + 0.02 * loose * ramp(below, 0.0, 0.3), 0.0)
        hang = np.where(tube, hang * np.exp(-below * 12) + ramp(below, 0.0, 0.25), hang)
    return ease, flare, np.clip(hang, 0.0, 1.0)


def limit(ease: np.ndarray, p: np.ndarray, tube: np.ndarray) -> np.ndarray:
    """Less ease where it would reach through the middle between the legs."""
    inner = (~tube) & (p[:, 2] < -0.05)
    room = np.maximum(np.abs(p[:, 0]) - 0.004, 0.001)
    return np.where(inner, np.minimum(ease, 0.004 + 0.8 * room), ease)
