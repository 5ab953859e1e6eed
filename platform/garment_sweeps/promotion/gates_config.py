"""The limits of the gates, with what they were set by."""

from pydantic import Field

from garment_uv.config import Config


class GatesConfig(Config):
    """What a candidate must keep to become the champion.

    The defaults of the mesh gates lie between the registered true garments and broken ones, with room for models that
    are still learning. On 18 test samples of the open benchmark set at 128 texels (`open192-5de7c02c`) the true
    garments have 0.9 % flipped faces, no exploded one and 0.03 % of their vertices inside the body, and small models
    after a few epochs at most 0.1 %, none and 1.5 %; the ablation's row without displacement maps has 5 %, none and
    20 %. A garment turned inside out has all its faces flipped.
    """

    reproduction_mm: float = Field(default=1e-3, ge=0, le=1)
    """A checkpoint evaluated again must give what was logged to within this."""
    level: float = Field(default=0.95, gt=0.5, lt=1)
    """Of the two-sided interval of the difference to the champion, which must lie below zero as a whole."""
    resamples: int = Field(default=10_000, ge=1_000, le=1_000_000)
    """Of the paired bootstrap over sequences."""
    bootstrap_seed: int = Field(default=0, ge=0, lt=2**31)
    least_sequences: int = Field(default=6, ge=2)
    """In the test split: of fewer, all differ the same way by chance too often (one in 32 times with 5 a side)."""
    class_margin_mm: float = Field(default=1.0, ge=0)
    """By how much one garment class may be worse than the champion's. About what registration loses on the hardest
    class: the median floor of the open set's skirts is 1.00 mm."""
    flipped_share: float = Field(default=0.05, ge=0, le=1)
    """Of all faces, at most."""
    stretch: float = Field(default=15.0, gt=1)
    """A face with an edge over so many times the same edge of the body, or the body's median edge if that is longer, is
    exploded. Of all true garments in that test split no edge is over 8.4 times as long (a wide dress)."""
    exploded_share: float = Field(default=0.001, ge=0, le=1)
    """Of all faces, at most."""
    inside_share: float = Field(default=0.05, ge=0, le=1)
    """Of all vertices, at most."""
