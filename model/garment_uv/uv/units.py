"""Between what a last convolution says and metres.

Garments lie a few centimetres off the body. So a raw value of 1 means one `unit` (5 cm), the last layers start near
zero, and tanh only bends values towards `limit`: metres = limit * tanh(raw * unit / limit), of slope `unit` at 0.
"""

from dataclasses import dataclass
from typing import Literal

import torch

Target = Literal["displacement", "position"]


@dataclass(frozen=True)
class MapUnit:
    """How one kind of map is scaled, metres."""

    unit: float
    """Metres of a raw value of 1."""
    limit: float
    """No prediction is further from zero than this."""

    def to_metres(self, raw: torch.Tensor) -> torch.Tensor:
        """Raw network values of any shape in metres, float32 or wider, within +-limit."""
        wide = raw.to(torch.promote_types(raw.dtype, torch.float32))
        return self.limit * torch.tanh(wide * (self.unit / self.limit))

    def bounded(self, raw: torch.Tensor) -> torch.Tensor:
        """Raw values bent into the same range but still in units: what class branches hand to their aggregation."""
        return self.to_metres(raw) / self.unit


MAP_UNITS: dict[str, MapUnit] = {
    "displacement": MapUnit(unit=0.05, limit=1.0),
    "position": MapUnit(unit=0.5, limit=1.5),
}


def target_map(displacement_uv: torch.Tensor, body_uv: torch.Tensor, target: Target) -> torch.Tensor:
    """What a generator of `target` should predict, [B, 3, U, U] metres: the displacement, or body plus displacement."""
    return displacement_uv if target == "displacement" else displacement_uv + body_uv
