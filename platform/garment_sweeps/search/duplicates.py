"""Configs that are the same training under two descriptions."""

import json
from typing import Any

from garment_uv.config import digest_of
from garment_uv.training.trial import TrialConfig


def canonical_digest(base: TrialConfig, values: dict[str, Any]) -> str:
    """Digest of what a trial of these values trains: the resolved config without the fields that play no part.

    Two choices that differ in inactive parameters alone (the groups of branches that are not grouped, the weight of
    a feature matching that no discriminator feeds) are one config.
    """
    plain = base.with_values(values).plain()
    return digest_of(_pruned(plain))


def _pruned(plain: dict[str, Any]) -> dict[str, Any]:
    plain = json.loads(json.dumps(plain))
    loss, generator = plain["loss"], plain["generator"]
    local = generator["local"]
    if local["mode"] == "none":  # no local path, and so no class features either
        generator["local"] = {"mode": "none"}
        generator.pop("residual_blocks")
        loss.pop("classification")
    elif local["mode"] != "grouped":
        local.pop("groups")
    if not loss["adversarial"] and not loss["feature_matching"]:  # the discriminator is not trained
        plain.pop("discriminator")
        plain["training"]["optimiser"].pop("discriminator_lr")
    return plain
