"""Sitting, bending down and reaching: motions in which garments lie, bunch and pull. Ours."""

import numpy as np

from garment_uv.datasets.open._channels import Channels, both, cycle, wave


def sit(channels: Channels, time: np.ndarray, rng: np.random.Generator) -> None:
    """On a chair that is not seen, thighs about level, while the trunk and the arms move.

    Hips flex by 78 to 100 degrees from the trunk; one knee may be stretched.
    """
    slump, spread = rng.uniform(-8, 12), rng.uniform(2, 16)
    rock = 0.5 + 0.5 * wave(time, rng, 0.15, 0.4)
    forward = rng.uniform(0, 20) * rock
    channels["pitch"] += slump + 0.5 * forward
    channels["bend"] += rng.uniform(0, 14) + forward
    for side in "lr":
        level = rng.uniform(82, 94) + 3 * wave(time, rng, 0.2, 0.5)
        channels[f"hip_flex_{side}"] += level + slump * 0.4
        channels[f"hip_out_{side}"] += spread
        channels[f"knee_{side}"] += rng.uniform(70, 98) + 6 * wave(time, rng, 0.2, 0.5)
        channels[f"shoulder_flex_{side}"] += rng.uniform(10, 50) + rng.uniform(0, 45) * wave(time, rng, 0.2, 0.5)
        channels[f"shoulder_out_{side}"] += 12 + 12 * wave(time, rng, 0.2, 0.5)
        channels[f"elbow_{side}"] += rng.uniform(15, 60) + 20 * wave(time, rng, 0.2, 0.5)
    if rng.uniform() < 0.35:
        side = str(rng.choice(["l", "r"]))
        stretched = 0.5 - 0.5 * np.cos(cycle(time, rng, 0.2, 0.4))
        channels[f"knee_{side}"] -= rng.uniform(30, 60) * stretched
    channels["twist"] += rng.uniform(8, 26) * wave(time, rng, 0.2, 0.45)
    channels["lean"] += rng.uniform(2, 12) * wave(time, rng, 0.2, 0.45)


def bend(channels: Channels, time: np.ndarray, rng: np.random.Generator) -> None:
    """Down towards the floor and up again, with the arms hanging: hips 45 to 85 degrees, the back 20 to 50 more."""
    down = (0.5 - 0.5 * np.cos(cycle(time, rng, 0.25, 0.42))) ** 0.8
    hips, back, knees = rng.uniform(45, 85), rng.uniform(20, 50), rng.uniform(2, 45)
    channels["pitch"] += (hips - 0.5 * knees) * down
    channels["bend"] += back * down
    channels["twist"] += rng.uniform(-24, 24) * down
    both(channels, "hip_flex", hips * down)
    both(channels, "knee", knees * down)
    both(channels, "ankle", 0.5 * knees * down)
    both(channels, "hip_out", rng.uniform(0, 8) * down)
    for side in "lr":
        channels[f"shoulder_flex_{side}"] += rng.uniform(0.7, 1.1) * (hips + 0.6 * back) * down
        channels[f"shoulder_out_{side}"] -= rng.uniform(0, 12) * down
    channels["nod"] -= 0.3 * back * down


def reach(channels: Channels, time: np.ndarray, rng: np.random.Generator) -> None:
    """One or both hands go far up, forwards, sideways or across, and the trunk follows."""
    side, other = (str(name) for name in rng.permutation(["l", "r"]))
    phase = cycle(time, rng, 0.22, 0.38)
    there = (0.5 - 0.5 * np.cos(phase)) ** 0.8
    up, out = rng.uniform(0.2, 1.0), rng.uniform(0.0, 1.0)
    sign = 1.0 if side == "l" else -1.0
    for name, share in ((side, 1.0), (other, float(rng.choice([0.0, 0.35, 0.95])))):
        channels[f"shoulder_flex_{name}"] += share * (1 - 0.75 * out) * (60 + 90 * up) * there
        channels[f"shoulder_out_{name}"] += share * out * (55 + 75 * up) * there
        channels[f"clavicle_{name}"] += share * 20 * up * there
        channels[f"elbow_{name}"] *= 1 - 0.8 * share * there
    channels["lean"] -= sign * rng.uniform(-4, 20) * (0.4 + out) * there / 1.4
    channels["twist"] += sign * rng.uniform(-25, 12) * there
    channels["bend"] += (20 - 34 * up) * there
    channels["nod"] -= 18 * up * there
    both(channels, "ankle", -rng.uniform(0, 25) * up * there)
