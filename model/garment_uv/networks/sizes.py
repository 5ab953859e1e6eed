"""Which map sizes a generator can take."""

from garment_uv.errors import UserError
from garment_uv.networks.config import GeneratorConfig

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
