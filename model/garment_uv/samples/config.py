"""How raw sequences become a dataset, and how pictures and bodies are changed that a network is trained on."""

from typing import Literal

from pydantic import Field

from garment_uv.config import Config
from garment_uv.samples.manifest import Name
from garment_uv.uv.layout import Layout


class PrepareOptions(Config):
    """Sizes, ranges and strides of a dataset. Image and map sizes are not published: ours."""

    map_size: int = Field(default=256, ge=32, le=2048, multiple_of=2)
    """U, texels along a side of the UV maps."""
    image_size: int = Field(default=256, ge=32, le=2048)
    """I, px along a side of the image."""
    subdivisions: int = Field(default=1, ge=0, le=3)
    """How often the body topology is subdivided."""
    layout: Layout = "spread"
    """Of the atlas: 'spread' moves its points apart; 'crowded' is what all datasets had before, as `open192` has."""
    fill: Literal["exact", "least_norm", "barycentric", "telea", "navier_stokes", "none"] = "exact"
    """How displacement maps are filled between vertices; body maps are always filled by 'least_norm'."""
    displacement_limit_m: float = Field(default=1.0, gt=0, le=10)
    """A displacement beyond this leaves its sequence out."""
    body_limit_m: float = Field(default=1.5, gt=0, le=10)
    """A body vertex further from the root, along any axis, leaves its sequence out."""
    samples_per_shard: int = Field(default=100, ge=1, le=100_000)
    every: int = Field(default=1, ge=1, le=10_000)
    """Stride: frame 0 and every so many after it (CLOTH3D's challenge scores every 10th)."""
    evaluation_splits: tuple[Name, ...] = ("val", "test")
    """Splits whose samples carry the raw garment meshes."""
    image_format: Literal["jpg", "png"] = "jpg"
    """jpg of quality 95, or png without loss."""
    labels: bool = True
    """Whether each sample has a mask and what every pixel shows; some 4 KiB a sample."""
    floor_frames: int = Field(default=3, ge=0, le=10_000)
    """Frames per sequence, evenly spaced, on which the registration's own S2S is measured; 0 for none."""


class BodyNoiseConfig(Config):
    """How far the body that the network is told is from the true one. All zero, the default, is no noise."""

    pose_degrees: float = Field(default=0.0, ge=0, le=60)
    """Each joint, the root included, is turned about a random axis; root mean square of the angle."""
    shape: float = Field(default=0.0, ge=0, le=5)
    """Standard deviation added to each of the ten shape coefficients."""
    translation_m: float = Field(default=0.0, ge=0, le=1)
    """Standard deviation of the root across the line of sight, metres, along each of both axes."""
    depth_m: float = Field(default=0.0, ge=0, le=1)
    """Standard deviation of the root along the line of sight, metres."""

    @property
    def is_off(self) -> bool:
        """Whether nothing is perturbed."""
        return not (self.pose_degrees or self.shape or self.translation_m or self.depth_m)


AS_ESTIMATED = BodyNoiseConfig(pose_degrees=8.0, shape=0.5, translation_m=0.023, depth_m=0.108)
"""The size of what estimators make.

Pose and shape: mean joint error on 3DPW, root-relative, is published as 97 mm for SPIN (Kolotouros et al., ICCV 2019)
and 69 mm for CLIFF (Li et al., ECCV 2022). 8 degrees a joint and half a coefficient give 83 mm on the open benchmark
set's poses; 6 degrees give 63 mm, 10 degrees 103 mm (`experiments/benchmarks/body_noise.py`). Estimators err more in
limbs than in the torso; noise of one size for every joint is ours. Placement: RootNet (Moon et al., ICCV 2019) reports
23 mm along each axis across the line of sight and 108 mm along it on Human3.6M, mean absolute errors that are taken as
standard deviations here.
"""


class PictureConfig(Config):
    """What training pictures are made to look like; the default changes nothing. Needs a dataset with masks."""

    background: float = Field(default=0.0, ge=0, le=1)
    """Share of the pictures that are put before a background, a drawn one or one of `folder`'s."""
    folder: str = ""
    """Pictures of your own without people, of which half of the backgrounds are then cut; each process reads it."""
    light: float = Field(default=0.5, ge=0, le=1)
    """How far, at most, the person takes on the background's colour and brightness."""
    exposure: float = Field(default=0.0, ge=0, le=3)
    """Stops by which a picture is lighter or darker, at most."""
    blur_px: float = Field(default=0.0, ge=0, le=20)
    """Standard deviation of the blur, px, at most."""
    noise: float = Field(default=0.0, ge=0, le=0.5)
    """Standard deviation of the sensor's noise, of a range of 1, at most."""
    jpeg_quality: int = Field(default=100, ge=5, le=100)
    """Lowest quality of the JPEG that a picture has been through; 100 for none."""

    @property
    def is_off(self) -> bool:
        """Whether nothing is changed."""
        return not (self.background or self.exposure or self.blur_px or self.noise) and self.jpeg_quality == 100


AS_TAKEN = PictureConfig(background=0.9, exposure=0.5, blur_px=1.5, noise=0.04, jpeg_quality=40)
"""All of it at once, of a size that leaves the garment plain to see."""
