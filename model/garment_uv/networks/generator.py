"""The whole generator, U_f = W_g * U_g + W_l * U_l, with the global path and the weights between both paths."""

from dataclasses import dataclass, replace

import torch
from torch import nn

from garment_uv.networks.blocks import ConvBlock, ReflectConv, UpBlock, initialise, initialise_small
from garment_uv.networks.config import GeneratorConfig, check_map_size
from garment_uv.networks.encoder import Encoded, Encoder, texel_frames, to_sample_frame
from garment_uv.networks.lifted_encoder import LiftedEncoder
from garment_uv.networks.local_path import LocalPath
from garment_uv.networks.outfit_head import OutfitHead
from garment_uv.networks.segment_head import SegmentHead
from garment_uv.uv.units import MAP_UNITS


class GlobalPath(nn.Module):
    """G_g: encoder features at U/4 down by `global_downsamples`, up to U, and a 7x7 convolution to U_g
    (LGGAN).
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        channels = 4 * config.base_features
        layers: list[nn.Module] = []
        for _ in range(config.global_downsamples):
            layers.append(ConvBlock(channels, 2 * channels, stride=2))
            channels *= 2
        while channels > config.base_features:
            layers.append(UpBlock(channels, channels // 2))
            channels //= 2
        self.layers = nn.Sequential(*layers)
        self.last = ReflectConv(channels, 3, kernel=7)

    def start_small(self) -> None:
        """Set the last layer so that the path starts near zero; called after the general initialisation."""
        initialise_small(self.last)

    def forward(self, quarter: torch.Tensor) -> torch.Tensor:
        """Raw U_g [B, 3, U, U], in map units, of features [B, 4C, U/4, U/4]."""
        return self.last(self.layers(quarter))


class WeightPath(nn.Module):
    """G_w: two transposed convolutions and a 1x1 convolution to two channels, softmax over them (LGGAN)."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        channels = config.base_features
        self.up = nn.Sequential(UpBlock(4 * channels, 2 * channels), UpBlock(2 * channels, channels))
        self.last = nn.Conv2d(channels, 2, kernel_size=1)

    def forward(self, quarter: torch.Tensor) -> torch.Tensor:
        """Weights [B, 2, U, U], global then local, adding up to 1, of features [B, 4C, U/4, U/4]; float32."""
        return torch.softmax(self.last(self.up(quarter)).float(), dim=1)


@dataclass(frozen=True)
class GeneratorOutput:
    """What the generator says of a batch. Maps are float32 metres; those of the local path are None without one."""

    displacement: torch.Tensor
    """[B, 3, U, U] garment minus body, whatever the target: all that comes after the network reads this."""
    prediction: torch.Tensor
    """[B, 3, U, U] U_f as predicted: the displacement, or with target 'position' the garment's position."""
    global_map: torch.Tensor
    """U_g [B, 3, U, U], of the same kind as `prediction`."""
    local_map: torch.Tensor | None
    """U_l [B, 3, U, U], of the same kind as `prediction`."""
    weights: torch.Tensor | None
    """[B, 2, U, U] W_g and W_l, adding up to 1."""
    class_logits: torch.Tensor | None
    """[B, 6, 6]: row c - 1 classifies the features under class c's mask."""
    class_present: torch.Tensor | None
    """bool [B, 6]: the rows of `class_logits` whose mask holds a texel."""
    segment_logits: torch.Tensor
    """[B, 7, U, U] of our segment head, channel 0 no garment."""
    outfit_logits: torch.Tensor | None = None
    """[B, K] over `classes.COMBINATIONS`; None, as the next two, where the picture is stacked onto the map."""
    parsing_logits: torch.Tensor | None = None
    """[B, 8, n, n] what each pixel of the person's square shows."""
    square: torch.Tensor | None = None
    """[B, 3] where that square is: see `person_view.PersonView`."""

    @property
    def segments(self) -> torch.Tensor:
        """The segment head's own answer, int64 [B, U, U]."""
        return self.segment_logits.argmax(dim=1)


class GarmentGenerator(nn.Module):
    """E, G_g, G_l, G_w of the published model (LGGAN adapted to garment UV maps) and our segment head."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        self.unit = MAP_UNITS[config.target]
        self.reading = config.reading
        lifted = config.image == "lifted"
        self.encoder = LiftedEncoder(config) if lifted else Encoder(config)
        self.global_path = GlobalPath(config)
        has_local = config.local.mode != "none"
        self.local_path = LocalPath(config, self.unit) if has_local else None
        self.weight_path = WeightPath(config) if has_local else None
        self.segment_head = SegmentHead(config)
        self.outfit_head = OutfitHead(config) if lifted else None
        initialise(self)
        if isinstance(self.encoder, LiftedEncoder):
            self.encoder.start_still()
        if self.outfit_head is not None:
            self.outfit_head.start_even()
        self.global_path.start_small()
        if self.local_path is not None:
            self.local_path.start_small()

    def backbone(self) -> list[nn.Module]:
        """Encoder, global path and residual blocks: most of the arithmetic, and the same for every batch."""
        return [self.encoder, self.global_path, *([self.local_path.residual] if self.local_path else [])]

    def see_segments(
        self,
        image: torch.Tensor,
        body_uv: torch.Tensor,
        camera: torch.Tensor,
        frames: torch.Tensor | None = None,
        mask: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """The segment head's logits [B, 7, U, U] alone, without the maps that `forward` makes too."""
        return self.segment_head(self._encoded(image, body_uv, camera, frames, mask))

    @property
    def needs_frames(self) -> bool:
        """Whether `forward` asks for the surface's frames: see `uv.frames.SurfaceFrames`."""
        return self.config.frame == "surface" or self.config.image == "lifted"

    @property
    def takes_masks(self) -> bool:
        """Whether `forward` looks at the person's mask."""
        return self.config.image == "lifted"

    def forward(
        self,
        image: torch.Tensor,
        body_uv: torch.Tensor,
        camera: torch.Tensor,
        segments: torch.Tensor | None = None,
        frames: torch.Tensor | None = None,
        mask: torch.Tensor | None = None,
    ) -> GeneratorOutput:
        """Maps of image [B, 3, I, I] in [-1, 1], body_uv [B, 3, U, U] (m), camera [B, 3] (m), segments int [B, U, U].

        Without segments, or while training with `segments='predicted'`, the segment head's answer masks the local
        branches. `frames` [B, 3, 3, U, U] are asked for where `needs_frames`, and not looked at else. `mask`, uint8
        [B, I, I], is looked at where the picture is lifted; without one all that is not black is the person.
        Raises UserError for a U that does not halve evenly, ValueError where frames are wanting.
        """
        encoded = self._encoded(image, body_uv, camera, frames, mask)
        segment_logits = self.segment_head(encoded)
        if self.config.frame != "surface":
            frames = texel_frames(body_uv) if self.config.frame == "body" else None
        global_map = self._map(self.global_path(encoded.quarter), frames)
        prediction, local_map, weights, class_logits, class_present = global_map, None, None, None, None
        if self.local_path is not None:
            if segments is None or (self.training and self.config.segments == "predicted"):
                segments = segment_logits.argmax(dim=1)
            local = self.local_path(encoded.quarter, segments)
            class_logits, class_present = local.class_logits, local.class_present
            local_map = self._map(local.raw, frames)
            assert self.weight_path is not None, "it comes with the local path"
            weights = self.weight_path(encoded.quarter)
            prediction = weights[:, :1] * global_map + weights[:, 1:] * local_map
        displacement = prediction if self.config.target == "displacement" else prediction - body_uv
        output = GeneratorOutput(
            displacement, prediction, global_map, local_map, weights, class_logits, class_present, segment_logits
        )
        if encoded.seen is None or self.outfit_head is None:
            return output
        outfit = self.outfit_head(encoded.seen.code, encoded.quarter)
        return replace(
            output, outfit_logits=outfit, parsing_logits=encoded.seen.parsing_logits, square=encoded.seen.square
        )

    def _encoded(
        self,
        image: torch.Tensor,
        body_uv: torch.Tensor,
        camera: torch.Tensor,
        frames: torch.Tensor | None,
        mask: torch.Tensor | None,
    ) -> Encoded:
        check_map_size(body_uv.shape[-1], self.config)
        if self.needs_frames and frames is None:
            raise ValueError("this generator needs the frames of the posed surface, and was given none")
        if isinstance(self.encoder, LiftedEncoder):
            return self.encoder(image, body_uv, camera, frames, mask)
        return self.encoder(image, body_uv, camera)

    def _map(self, raw: torch.Tensor, frames: torch.Tensor | None) -> torch.Tensor:
        metres = self.unit.to_metres(raw)
        return metres if frames is None else to_sample_frame(metres, frames)
