"""Terms on the maps: L1, smooth L1 on vertices read from them, the class features' cross-entropy (all published), and
the cross-entropy of the segment head (ours).
"""

import torch
import torch.nn.functional as F

from garment_uv.losses.means import CM_PER_M, MaskedMean, masked_mean
from garment_uv.uv.segments import garment_mask


def uv_term(predicted: torch.Tensor, true: torch.Tensor, segments: torch.Tensor) -> MaskedMean:
    """Absolute difference in cm of maps [B, 3, U, U] (m), either kind, where segments [B, U, U] are a garment.

    The mask is grown by two texels (ours), since vertices at a garment's border are read from texels outside it.
    """
    return masked_mean(_difference(predicted, true), garment_mask(segments))


def uv_outside_term(predicted: torch.Tensor, true: torch.Tensor, segments: torch.Tensor) -> MaskedMean:
    """The same everywhere else, where no vertex is read: what it asks of a map is to know where the garments end."""
    return masked_mean(_difference(predicted, true), 1 - garment_mask(segments))


def _difference(predicted: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    return (predicted.float() - true.float()).abs() * CM_PER_M


BETA_CM = 1.0
"""Errors below 1 cm are squared, larger ones are linear (ours)."""


def mesh_term(predicted: torch.Tensor, true: torch.Tensor, vertex_classes: torch.Tensor) -> MaskedMean:
    """Smooth L1 in cm of vertices [B, V, 3] (m), or displacements, that a garment covers, classes [B, V] > 0."""
    errors = F.smooth_l1_loss(predicted * CM_PER_M, true * CM_PER_M, reduction="none", beta=BETA_CM)
    return masked_mean(errors, (vertex_classes > 0).unsqueeze(2))


def segments_loss(segment_logits: torch.Tensor, segments: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy (nats) of logits [B, 7, U, U] against segments int [B, U, U], texels alike."""
    return F.cross_entropy(segment_logits.float(), segments.long())


def classification_term(class_logits: torch.Tensor, class_present: torch.Tensor) -> MaskedMean:
    """Cross-entropy (nats) of logits [B, K, K], row k being of class k, over rows present, bool [B, K]; 0 for none."""
    batch, classes, _ = class_logits.shape
    labels = torch.arange(classes, device=class_logits.device).expand(batch, classes)
    losses = F.cross_entropy(class_logits.float().flatten(0, 1), labels.flatten(), reduction="none")
    return masked_mean(losses, class_present.flatten())
