"""Do both forms of the step give the same numbers?"""

import torch
from step_forms import Form

ALLOWED_LOSS = 1e-4
ALLOWED_GRADIENT = 2e-3
"""Relative to the whole gradient's norm; float32 sums in another order, through normalisation and ReLU."""


def differences(forms: dict[str, Form]) -> dict[str, tuple[float, float]]:
    """Largest relative differences of parts, losses and gradients, with what is allowed, from one step of each."""
    published, ours = forms["published"], forms["ours_fp32"]
    published.loss.exact = True
    found = {}
    for part in ("branches", "unwrapping", "matching", "mesh_terms"):
        pairs = zip(getattr(published, part)(), getattr(ours, part)(), strict=True)
        found[part] = (max(_apart(theirs, own) for theirs, own in pairs), ALLOWED_LOSS)
    theirs, own = published.step(), ours.step()
    if theirs.keys() != own.keys():
        raise ValueError(f"the forms name other losses: {sorted(theirs)} and {sorted(own)}")
    found["losses"] = (max(_apart(theirs[name], own[name]) for name in own), ALLOWED_LOSS)
    for network in ("generator", "discriminator"):
        pair = [_gradient(getattr(form, network)) for form in (published, ours)]
        found[f"gradients, {network}"] = (_apart(*pair), ALLOWED_GRADIENT)
    published.loss.exact = False
    return found


def _gradient(network: torch.nn.Module) -> torch.Tensor:
    """All gradients in one vector; a parameter that got none counts as zero."""
    parts = [torch.zeros_like(p) if p.grad is None else p.grad for p in network.parameters()]
    return torch.cat([part.flatten() for part in parts])


def _apart(theirs: torch.Tensor, own: torch.Tensor) -> float:
    return float((theirs - own).double().norm() / theirs.double().norm().clamp(min=1e-12))
