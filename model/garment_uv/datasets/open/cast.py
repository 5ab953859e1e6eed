"""Who is in a sequence, what they wear and how they stand: drawn from the plan before anything moves. Ours."""

from dataclasses import dataclass, field, replace

import numpy as np

from garment_uv.body.protocol import BodyParameters
from garment_uv.datasets.open.appearance import Appearance, draw_appearance
from garment_uv.datasets.open.looks import draw_wide_appearance
from garment_uv.datasets.open.outfits import Outfit, draw_outfit
from garment_uv.datasets.open.plan import SequencePlan
from garment_uv.datasets.open.viewpoint import draw_viewpoint
from garment_uv.datasets.open.wardrobe import draw_wide_outfit

WIDEST_SHAPE = 3.0
"""Largest shape coefficient with variety="full", whose spread is 1.25; 2.5 and 1 with "basic"."""


@dataclass(frozen=True)
class Cast:
    """One subject in an outfit before a camera."""

    plan: SequencePlan
    gender: int
    shape: np.ndarray
    """float32 [10]."""
    outfit: Outfit
    appearance: Appearance
    heading: float
    """Where the subject faces in the middle of the motion, radians about z from the direction of the camera."""
    rng: np.random.Generator
    """The sequence's random stream, from here on."""
    place: np.ndarray = field(default_factory=lambda: np.zeros(2))
    """float64 [2] where the middle of the path is before zrot, metres."""

    @property
    def fabrics(self) -> dict[str, str]:
        """Fabric by garment, lower before upper."""
        return {cut.name: cut.fabric for cut in self.outfit.cuts}

    def parameters(self, pose: np.ndarray) -> BodyParameters:
        """The subject in `pose` [72]."""
        return BodyParameters(self.gender, self.shape, pose)


def draw_cast(plan: SequencePlan) -> Cast:
    """The cast of `plan`; the same plan gives the same."""
    rng = plan.random()
    if plan.variety == "full":
        return _wide_cast(plan, rng)
    gender = int(rng.integers(2)) if plan.garments != ("Dress",) else int(rng.uniform() < 0.2)
    shape = np.clip(rng.normal(0.0, 1.0, 10), -2.5, 2.5).astype(np.float32)
    outfit = draw_outfit(plan.garments, rng)
    fabrics = {cut.name: cut.fabric for cut in outfit.cuts}
    appearance = draw_appearance(tuple(fabrics), fabrics, rng)
    heading = rng.normal(0.0, 0.6) if rng.uniform() < 0.7 else rng.uniform(-np.pi, np.pi)
    return Cast(plan, gender, shape, outfit, appearance, heading - appearance.zrot, rng)


def _wide_cast(plan: SequencePlan, rng: np.random.Generator) -> Cast:
    gender = int(rng.integers(2)) if plan.garments != ("Dress",) else int(rng.uniform() < 0.2)
    shape = np.clip(rng.normal(0.0, 1.25, 10), -WIDEST_SHAPE, WIDEST_SHAPE).astype(np.float32)
    outfit, view = draw_wide_outfit(plan.garments, rng), draw_viewpoint(rng)
    fabrics = {cut.name: cut.fabric for cut in outfit.cuts}
    look = replace(draw_wide_appearance(fabrics, rng), camera=view.camera, zrot=view.zrot)
    return Cast(plan, gender, shape, outfit, look, view.heading, rng, view.place)
