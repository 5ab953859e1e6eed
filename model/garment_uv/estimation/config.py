"""What the body network is and how it is trained. All of it is ours: the paper takes its bodies as given."""

from typing import Literal

from pydantic import Field

from garment_uv.config import Config


class BodyNetworkConfig(Config):
    """A small residual network over one square picture."""

    image_size: int = Field(default=96, ge=32, le=512, multiple_of=32)
    """Side of the picture that it looks at, px."""
    features: int = Field(default=24, ge=4, le=256, multiple_of=4)
    """Channels after the first convolution, a multiple of 4; each of the four further halvings has more."""
    hidden: int = Field(default=384, ge=8, le=4096)
    """Width of the layer between picture and parameters."""


class BodyLossConfig(Config):
    """Weights of the losses."""

    rotation: float = Field(default=1.0, ge=0)
    """Squared difference of the joints' rotation matrices, the root's counted three times."""
    joints: float = Field(default=10.0, ge=0)
    """Distance of posed joints around the root, metres, on the true skeleton."""
    seen: float = Field(default=5.0, ge=0)
    """Distance of the joints in the picture, in half its sides."""
    shape: float = Field(default=0.05, ge=0)
    """Squared difference of the shape coefficients, and the cross-entropy of the gender."""
    placement: float = Field(default=3.0, ge=0)
    """Distance of the root in the picture, in half its sides, and of the logarithm of its scale."""


class BodyFitConfig(Config):
    """One training of the body network on one dataset with one seed."""

    uri: str = ".garment/dataset"
    """A folder or s3://bucket/prefix with a manifest.json; only pictures and body parameters are read."""
    smpl_dir: str = ""
    """Your SMPL files, where the dataset was prepared on SMPL."""
    network: BodyNetworkConfig = BodyNetworkConfig()
    loss: BodyLossConfig = BodyLossConfig()
    epochs: int = Field(default=60, ge=1, le=10000)
    decay_from: float = Field(default=0.4, ge=0, le=1)
    """Share of the epochs after which the rate decays linearly to zero."""
    batch_size: int = Field(default=16, ge=1, le=1024)
    learning_rate: float = Field(default=1e-3, gt=0, le=1)
    shift: float = Field(default=0.2, ge=0, le=1)
    """Squares are displaced by up to so much of half their side: boxes of people are never centred on the root."""
    zoom: float = Field(default=0.25, ge=0, le=1)
    """And scaled by up to exp(+-zoom)."""
    colour_jitter: float = Field(default=0.3, ge=0, le=1)
    """How strongly colours are changed at random."""
    mirror: bool = True
    """Half of the pictures are trained on as seen in a mirror, left and right exchanged."""
    evaluate_every: int = Field(default=5, ge=1)
    """Epochs between looks at `split`; the last is always one."""
    split: str = "val"
    """Split that the errors are measured on."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: int = Field(default=0, ge=0, le=256)
    """CPU threads of torch; 0 leaves torch's own choice."""
    seed: int = Field(default=0, ge=0, lt=2**31)
