"""How cloth of each fabric moves: the numbers that the solver takes."""

from collections.abc import Mapping

from pydantic import Field

from garment_uv.config import Config


class Fabric(Config):
    """Material parameters of extended position-based dynamics (Macklin et al. 2016)."""

    stretch: float = Field(ge=0)
    """Compliance of an edge against being pulled, m/N."""
    shear: float = Field(default=5.0, ge=0)
    """How many times that a quad's diagonal yields."""
    squash: float = Field(ge=0)
    """How many times that an edge yields to being pushed together."""
    bend: float = Field(ge=0)
    """Compliance of a hinge between two triangles, rad/(N m)."""
    density: float = Field(gt=0)
    """kg/m2."""
    friction: float = Field(ge=0)
    """Coulomb's coefficient on skin and on other cloth."""
    drag: float = Field(ge=0)
    """Share of the velocity that the air takes in a second, 1/s."""


FABRICS: Mapping[str, Fabric] = {
    "cotton": Fabric(stretch=2e-4, squash=4.0, bend=3e4, density=0.18, friction=0.45, drag=1.0),
    "denim": Fabric(stretch=5e-5, squash=2.0, bend=1e3, density=0.40, friction=0.5, drag=1.0),
    "leather": Fabric(stretch=5e-5, squash=1.0, bend=3e2, density=0.70, friction=0.5, drag=0.5),
    "silk": Fabric(stretch=4e-4, squash=6.0, bend=6e4, density=0.08, friction=0.2, drag=1.5),
    "knit": Fabric(stretch=6e-4, squash=4.0, bend=1e4, density=0.30, friction=0.5, drag=1.0),
    "linen": Fabric(stretch=1e-4, squash=4.0, bend=8e3, density=0.20, friction=0.4, drag=1.0),
    "wool": Fabric(stretch=1.5e-4, squash=2.0, bend=3e3, density=0.35, friction=0.5, drag=0.8),
    "velvet": Fabric(stretch=2e-4, squash=3.0, bend=1e4, density=0.30, friction=0.4, drag=0.8),
}
"""By the names of `outfits.FABRICS`; chosen by eye."""
