"""Weights of the generator's loss terms, lengths in cm. None is published for garments: all defaults are ours."""

from pydantic import Field

from garment_uv.config import Config


class LossConfig(Config):
    """One weight per term; 0 removes the term, and what is removed is not computed."""

    uv: float = Field(default=1.0, ge=0, le=1e4)
    """L1 on the UV map inside the garment mask, cm."""
    uv_outside: float = Field(default=0.0, ge=0, le=1e4)
    """L1 on the rest of the UV map, cm; with `uv`, the L1 on the whole map that nothing published speaks against."""
    mesh: float = Field(default=1.0, ge=0, le=1e4)
    """Smooth-L1 on vertices read from the map, cm; squared below 1 cm."""
    normal: float = Field(default=0.05, ge=0, le=1e4)
    """Squared L2 between surface normals matched by nearest neighbour, 0 to 4."""
    laplacian: float = Field(default=0.1, ge=0, le=1e4)
    """Laplacian smoothing of the predicted surface, cm^2: asks for a plane everywhere (published)."""
    laplacian_true: float = Field(default=0.0, ge=0, le=1e4)
    """Laplacian of the predicted surface against the true one's, cm^2: asks for the same folds (ours)."""
    edge: float = Field(default=0.1, ge=0, le=1e4)
    """Edge-length regularisation against the true surface's edges, cm^2."""
    adversarial: float = Field(default=0.01, ge=0, le=1e4)
    """Hinge loss of the generator."""
    feature_matching: float = Field(default=0.1, ge=0, le=1e4)
    """L1 between the discriminator's features of real and predicted maps."""
    classification: float = Field(default=0.01, ge=0, le=1e4)
    """Cross-entropy of the class-specific features over the classes present."""
    segments: float = Field(default=0.1, ge=0, le=1e4)
    """Cross-entropy of our segment head."""
    outfit: float = Field(default=0.3, ge=0, le=1e4)
    """Cross-entropy of our outfit head; only where the picture is lifted, as the next."""
    parsing: float = Field(default=1.0, ge=0, le=1e4)
    """Cross-entropy of what the image network says each pixel shows, the person's pixels above all."""
