"""What the networks can be set to, and which maps they then take; sizes start from LGGAN's (Tang et al., CVPR 2020)."""

from typing import Literal

from pydantic import Field, model_validator

from garment_uv.classes import GARMENT_CLASSES
from garment_uv.config import Config
from garment_uv.errors import UserError


class LocalBranchConfig(Config):
    """How the local generator G_l turns per-pixel features into class-level maps."""

    mode: Literal["per_class", "grouped", "shared", "none"] = "per_class"
    """One branch per class, one per group of classes, one for all, or no local generator at all."""
    groups: tuple[tuple[str, ...], ...] = (("Top", "Tshirt"), ("Trousers", "Jumpsuit"), ("Skirt", "Dress"))
    """Which classes share a branch in mode 'grouped'; each class exactly once."""
    features: int = Field(default=64, ge=1, le=512)
    """Channels of the per-pixel features f' that the class masks multiply."""
    depth: int = Field(default=1, ge=1, le=4)
    """Convolutions per branch."""
    stride: Literal[1, 2] = 1
    """Ours: at 2 the features, masks and branches are on maps of half the size, and U_l is interpolated from them."""
    kernel: Literal[1, 3, 5, 7] = 7
    aggregation: Literal["concat", "sum", "mean"] = "concat"
    """How branches are joined to U_l: a 3x3 convolution over their concatenation, or a masked sum or mean."""
    class_pooling: Literal["image", "mask"] = "image"
    """Class features averaged over the whole image (as published) or over the class's mask (ours)."""

    @model_validator(mode="after")
    def _groups_hold_each_class_once(self):
        named = sorted(name for group in self.groups for name in group)
        if named != sorted(GARMENT_CLASSES):
            raise ValueError(f"groups must name each of {', '.join(GARMENT_CLASSES)} exactly once")
        return self


class LiftedConfig(Config):
    """The image network of `image='lifted'`, and how the map takes what it sees (ours)."""

    pixels: int = Field(default=192, ge=32, le=1024, multiple_of=32)
    """Side of the person's square; a body of 1.7 m then has about 9 mm a pixel."""
    width: int = Field(default=16, ge=8, le=128, multiple_of=8)
    """Channels of the image network at half the square's size."""
    features: int = Field(default=8, ge=1, le=128)
    """Features of a pixel that the map takes, beside what the network says the pixel shows."""
    code: int = Field(default=64, ge=8, le=1024)
    """Numbers that tell of the whole picture, and steer what the map's networks make of it."""
    heights: tuple[float, ...] = Field(default=(0.0, 0.04, 0.12), min_length=1, max_length=8)
    """Metres above the body, along its normal, at which a texel's pixels are looked up."""

    @model_validator(mode="after")
    def _heights_are_near_a_body(self):
        if not all(-0.1 <= height <= 0.5 for height in self.heights):
            raise ValueError(f"heights are metres from -0.1 to 0.5, were given {self.heights}")
        return self


class GeneratorConfig(Config):
    """The generator: encoder E, global G_g, local G_l, weights G_w, and our segment head."""

    image: Literal["stacked", "lifted"] = "stacked"
    """How the picture comes to the map: shrunk and stacked onto it (published), or seen by a network of its own whose
    features each texel takes from the pixels that show it (ours)."""
    lifted: LiftedConfig = LiftedConfig()
    base_features: int = Field(default=64, ge=4, le=256)
    """Channels after the first 7x7 convolution; the encoder doubles them twice."""
    global_downsamples: int = Field(default=2, ge=0, le=4)
    """Further stride-2 convolutions of the global path below the encoder's H/4 (512 and 1024 channels at 64)."""
    residual_blocks: int = Field(default=9, ge=0, le=16)
    """Residual blocks of the local path at H/4."""
    local: LocalBranchConfig = LocalBranchConfig()
    condition_on_body: bool = True
    """False removes the body UV map from the encoder's and the discriminator's input (an ablation row)."""
    target: Literal["displacement", "position"] = "displacement"
    """What the maps hold: garment minus body vertex, or the garment vertex itself (an ablation row)."""
    frame: Literal["sample", "body", "surface"] = "sample"
    """Ours: 'body' and 'surface' let the network speak in each texel's frame on the posed body, turned to the sample's
    after. 'surface' takes the frames of the posed mesh at its vertices; 'body', which is older, differences over the
    body's map, which are wrong at seams and at a map's border."""
    reading: Literal["bilinear", "nearest"] = "bilinear"
    """How vertices are read from the maps; 'nearest' where they are trained on maps that are not filled."""
    segments: Literal["given", "predicted"] = "given"
    """Which segments mask the local branches while training; a head that predicts them is trained either way."""
    texel_embedding: bool = False
    """Ours: learned features of each place on the map, added to the encoder's, tell a convolution where it is."""
    unwrap_image: bool = False
    """Ours: the segment head and the encoder also see the image's colours projected onto the UV map."""

    @model_validator(mode="after")
    def _body_frames_are_for_displacements(self):
        if self.frame != "sample" and self.target != "displacement":
            raise ValueError(
                f"frame '{self.frame}' takes target 'displacement', was given 'position'; set frame 'sample'"
            )
        return self

    @model_validator(mode="after")
    def _lifting_needs_the_body(self):
        if self.image == "lifted" and (self.unwrap_image or not self.condition_on_body):
            raise ValueError(
                "image 'lifted' needs the body and puts the picture onto the map by itself; set condition_on_body=true "
                "and unwrap_image=false"
            )
        return self


class DiscriminatorConfig(Config):
    """Multi-scale PatchGAN on (map, body map) with spectral norm (Tang et al., CVPR 2020)."""

    base_features: int = Field(default=64, ge=4, le=256)
    layers: int = Field(default=4, ge=2, le=6)
    scales: int = Field(default=2, ge=1, le=4)


ENCODER_STRIDE = 4


def check_map_size(size: int, config: GeneratorConfig) -> None:
    """UserError unless maps of `size` x `size` texels halve evenly all the way down, and not to a single texel."""
    stride = ENCODER_STRIDE * 2**config.global_downsamples
    if size < 2 * stride or size % stride:
        raise UserError(
            f"maps of {size} texels do not fit global_downsamples={config.global_downsamples}: the size must "
            f"be a multiple of {stride}, at least {2 * stride}; lower generator.global_downsamples or make "
            "other maps"
        )
