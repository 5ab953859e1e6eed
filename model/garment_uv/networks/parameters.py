"""How large a network is."""

from torch import nn


def count_parameters(network: nn.Module) -> dict[str, int]:
    """Trainable numbers per direct part of `network`, and 'total'; a part's normalised weights count once."""
    counts = {name: _trainable(part) for name, part in network.named_children()}
    return {**counts, "total": _trainable(network)}


def _trainable(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)
