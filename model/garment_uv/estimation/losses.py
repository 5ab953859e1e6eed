"""How far a regressed body is from the true one: as losses to train with, and in degrees and millimetres."""

import torch
import torch.nn.functional as F

from garment_uv.estimation.config import BodyLossConfig
from garment_uv.estimation.examples import BodyBatch
from garment_uv.estimation.network import BodyOutput
from garment_uv.estimation.skeleton import angles_degrees, posed_joints
from garment_uv.geometry.camera import HALF_SQUARE

ROOT_WEIGHT = 3.0
"""The root's rotation turns everything: its error counts so many times."""


def body_losses(output: BodyOutput, batch: BodyBatch, config: BodyLossConfig) -> dict[str, torch.Tensor]:
    """Unweighted terms by name, and 'total', their weighted sum; scalars."""
    squared = (output.rotations - batch.rotations).square().sum(dim=(-2, -1))
    weights = torch.ones(squared.shape[1], device=squared.device)
    weights[0] = ROOT_WEIGHT
    joints = posed_joints(output.rotations, batch.offsets) - batch.joints
    terms = {
        "rotation": (squared * weights).mean(),
        "joints": joints.norm(dim=-1).mean(),
        "shape": F.mse_loss(output.shape, batch.shape)
        + F.binary_cross_entropy_with_logits(output.gender, batch.gender),
        "seen": (output.seen - batch.seen).abs().sum(dim=2).mean(),
        "placement": (output.place - batch.place).abs().sum(dim=1).mean(),
    }
    terms["total"] = torch.stack([getattr(config, name) * term for name, term in terms.items()]).sum()
    return terms


@torch.no_grad()
def body_errors(output: BodyOutput, batch: BodyBatch) -> dict[str, torch.Tensor]:
    """Errors [B] of each body: joints_mm, degrees (a joint), root_degrees, in the picture's plane seen_mm of all
    joints and root_mm, zoom, shape, gender_wrong.
    """
    joints = posed_joints(output.rotations, batch.offsets) - batch.joints
    angles = angles_degrees(output.rotations, batch.rotations)
    place = output.place - batch.place
    return {
        "joints_mm": 1000 * joints.norm(dim=-1)[:, 1:].mean(dim=1),
        "degrees": angles.mean(dim=1),
        "root_degrees": angles[:, 0],
        "seen_mm": 1000 * HALF_SQUARE * (output.seen - batch.seen).norm(dim=2).mean(dim=1),
        "root_mm": 1000 * HALF_SQUARE * place[:, :2].norm(dim=1),
        "zoom": place[:, 2].abs(),
        "shape": (output.shape - batch.shape).square().mean(dim=1).sqrt(),
        "gender_wrong": ((output.gender > 0) != (batch.gender > 0.5)).float(),
    }
