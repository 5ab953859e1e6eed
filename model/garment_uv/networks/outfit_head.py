"""Our outfit head: which garments are worn together, as one decision for the whole picture."""

import torch
from torch import nn

from garment_uv.classes import COMBINATIONS
from garment_uv.networks.config import GeneratorConfig


class OutfitHead(nn.Module):
    """Two layers on the picture's code and the encoder's features, averaged and at their strongest (ours)."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        code, channels = config.lifted.code, 4 * config.base_features
        self.layers = nn.Sequential(nn.Linear(code + 2 * channels, code), nn.SiLU(), nn.Linear(code, len(COMBINATIONS)))

    def start_even(self) -> None:
        """Hold every outfit equally likely; called after the general initialisation."""
        last = self.layers[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)

    def forward(self, code: torch.Tensor, quarter: torch.Tensor) -> torch.Tensor:
        """Logits [B, K] over `COMBINATIONS` of a code [B, Z] and features [B, 4C, U/4, U/4]; float32."""
        pooled = torch.cat((code, quarter.mean(dim=(2, 3)), quarter.amax(dim=(2, 3))), dim=1)
        return self.layers(pooled).float()
