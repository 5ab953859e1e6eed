"""Pictures made different without a change of what they show (ours)."""

import torch

from garment_uv.samples.division import Portion


def jitter_colours(images: torch.Tensor, strength: float, portion: Portion | None = None) -> torch.Tensor:
    """Images [B, 3, I, I] in [-1, 1] with each picture's colours changed at random; black stays black.

    Every channel is multiplied by up to 1 +- `strength`, and with that probability the channels change places.
    A garment's colours say nothing about its shape, but a few dozen outfits are soon known by them. Draws from
    torch's CPU generator, whatever the images' device, and for the whole batch where the images are a portion of one.
    """
    count = portion.whole if portion else len(images)
    gains = 1 + strength * (2 * torch.rand(count, 3) - 1)
    mixed = torch.rand(count) < strength
    orders = torch.stack([torch.randperm(3) for _ in range(count)])
    orders = torch.where(mixed[:, None], orders, torch.arange(3))
    if portion:
        gains, orders = portion.of(gains), portion.of(orders)
    rows = torch.arange(len(images), device=images.device)[:, None]
    light = (images[rows, orders.to(images.device)] + 1) / 2
    return (light * gains[:, :, None, None].to(images.device)).clamp(0, 1) * 2 - 1
