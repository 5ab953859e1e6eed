"""Procedural motions: smooth SMPL poses and root travel at 30 frames a second. Ours.

A motion is a set of named joint-angle channels over time, in degrees, that become axis-angle at the end. Angles are
anatomical: flexion forwards, abduction away from the middle, both sides alike.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from garment_uv.datasets.open._channels import CHANNELS, SIDED, Channels, both, cycle, wave
from garment_uv.datasets.open._everyday import bend, reach, sit

FPS = 30.0
REACH = 0.6
"""Largest distance of the root from the middle of its path, metres, so that the subject stays in the picture."""
Move = Callable[[str, int, float, np.random.Generator], "Motion"]
"""What `make_motion` is."""


@dataclass(frozen=True)
class Motion:
    """A motion sampled at 30 fps."""

    kind: str
    poses: np.ndarray
    """float64 [T, 72] axis-angle in SMPL's order; the root turns y-up to z-up and sets the heading."""
    path: np.ndarray
    """float64 [T, 2] root travel in the ground plane, metres, its mean at the origin."""
    lift: np.ndarray
    """float64 [T] height of the lowest point of the body over the ground, metres; above 0 in a jump."""


def make_motion(kind: str, frames: int, heading: float, rng: np.random.Generator) -> Motion:
    """`frames` frames of the motion `kind` (a key of `MOTIONS` or `EVERYDAY`) facing `heading` at its middle.

    Heading is radians about z from the direction towards the camera (+x). ValueError on an unknown kind.
    """
    kinds = MOTIONS | EVERYDAY
    if kind not in kinds:
        raise ValueError(f"no motion {kind!r}; there are {', '.join(kinds)}")
    time = np.arange(frames) / FPS
    channels: Channels = {name: np.zeros(frames) for name in CHANNELS}
    _idle(channels, time, rng)
    kinds[kind](channels, time, rng)
    turn = np.radians(channels["turn"])
    yaw = heading + turn - turn[frames // 2]
    step = np.stack([np.cos(yaw), np.sin(yaw)], axis=1) * channels["travel"][:, None] / FPS
    path = np.cumsum(step, axis=0)
    path -= path.mean(axis=0)
    path *= min(1.0, REACH / max(np.abs(path).max(), 1e-9))
    return Motion(kind, _poses(channels, yaw), path, np.maximum(channels["height"], 0.0))


def _idle(channels: Channels, time: np.ndarray, rng: np.random.Generator) -> None:
    """Standing: arms down and a little out, slow sway, one's own posture."""
    for side in "lr":
        channels[f"shoulder_out_{side}"] += rng.uniform(12, 32) + 4 * wave(time, rng, 0.2, 0.6)
        channels[f"shoulder_flex_{side}"] += rng.uniform(-8, 15) + 5 * wave(time, rng, 0.2, 0.6)
        channels[f"shoulder_turn_{side}"] += rng.uniform(-15, 20)
        channels[f"elbow_{side}"] += rng.uniform(8, 35) + 6 * wave(time, rng, 0.2, 0.6)
        channels[f"hip_out_{side}"] += rng.uniform(1, 6)
        channels[f"hip_turn_{side}"] += rng.uniform(-2, 12)
        channels[f"knee_{side}"] += rng.uniform(2, 8)
        channels[f"wrist_{side}"] += rng.uniform(-15, 15)
    channels["bend"] += rng.uniform(-3, 8) + 2 * wave(time, rng, 0.2, 0.5)
    channels["lean"] += 3 * wave(time, rng, 0.2, 0.5)
    channels["twist"] += 4 * wave(time, rng, 0.2, 0.5)
    channels["look"] += 18 * wave(time, rng, 0.15, 0.4)
    channels["nod"] += rng.uniform(-6, 8) + 5 * wave(time, rng, 0.2, 0.5)


def _walk(channels: Channels, time: np.ndarray, rng: np.random.Generator) -> None:
    phase = cycle(time, rng, 0.75, 1.1)
    stride = rng.uniform(18, 32)
    for side, shift in (("l", 0.0), ("r", np.pi)):
        swing = np.sin(phase + shift)
        channels[f"hip_flex_{side}"] += 4 + stride * swing
        channels[f"knee_{side}"] += 8 + 48 * np.clip(np.cos(phase + shift), 0, None) ** 1.5
        channels[f"ankle_{side}"] += 8 * np.sin(phase + shift - 0.8)
        channels[f"shoulder_flex_{side}"] -= rng.uniform(0.6, 1.1) * stride * swing
        channels[f"elbow_{side}"] += 10 - 8 * swing
    channels["twist"] += 7 * np.sin(phase)
    channels["bend"] += 3
    channels["travel"] += 0.018 * stride * (1 + 0.08 * np.sin(2 * phase))
    channels["turn"] += rng.uniform(-12, 12) * time


def _turn(channels: Channels, time: np.ndarray, rng: np.random.Generator) -> None:
    span = max(time[-1], 1e-6) if len(time) else 1.0
    angle = rng.choice([-1, 1]) * rng.uniform(140, 340)
    channels["turn"] += angle * _ease(np.clip(time / span, 0, 1))
    phase = cycle(time, rng, 0.8, 1.2)
    for side, shift in (("l", 0.0), ("r", np.pi)):
        lift = np.clip(np.sin(phase + shift), 0, None)
        channels[f"hip_flex_{side}"] += 18 * lift
        channels[f"knee_{side}"] += 32 * lift
        channels[f"shoulder_out_{side}"] += rng.uniform(0, 45) * (0.6 + 0.4 * wave(time, rng, 0.2, 0.5))
    channels["twist"] += 10 * wave(time, rng, 0.3, 0.6)


def _arms(channels: Channels, time: np.ndarray, rng: np.random.Generator) -> None:
    phase = cycle(time, rng, 0.22, 0.42)
    together = rng.uniform() < 0.5
    forward = rng.uniform(0, 1)
    for side in "lr":
        own = phase if together else phase + rng.uniform(1.0, 4.0) * (side == "r")
        raised = 0.5 - 0.5 * np.cos(own)
        channels[f"shoulder_out_{side}"] += (1 - forward) * rng.uniform(70, 120) * raised
        channels[f"shoulder_flex_{side}"] += forward * rng.uniform(70, 135) * raised
        channels[f"elbow_{side}"] += rng.uniform(0, 60) * raised
        channels[f"clavicle_{side}"] += 14 * raised
    channels["lean"] += 6 * wave(time, rng, 0.2, 0.5)
    channels["bend"] -= 4 * (0.5 - 0.5 * np.cos(phase))


def _squat(channels: Channels, time: np.ndarray, rng: np.random.Generator) -> None:
    down = (0.5 - 0.5 * np.cos(cycle(time, rng, 0.3, 0.5))) * rng.uniform(0.5, 0.85)
    both(channels, "hip_flex", 82 * down)
    both(channels, "knee", 98 * down)
    both(channels, "ankle", 26 * down)
    both(channels, "hip_out", rng.uniform(4, 16) * down)
    both(channels, "shoulder_flex", rng.uniform(30, 85) * down)
    both(channels, "elbow", rng.uniform(0, 40) * down)
    channels["bend"] += 20 * down
    channels["pitch"] += 16 * down


def _dance(channels: Channels, time: np.ndarray, rng: np.random.Generator) -> None:
    beat = rng.uniform(0.5, 0.9)
    for side in "lr":
        channels[f"shoulder_out_{side}"] += 34 + 38 * wave(time, rng, 0.4 * beat, beat)
        channels[f"shoulder_flex_{side}"] += 25 + 45 * wave(time, rng, 0.4 * beat, beat)
        channels[f"shoulder_turn_{side}"] += 20 * wave(time, rng, 0.4 * beat, beat)
        channels[f"elbow_{side}"] += 42 + 36 * wave(time, rng, 0.5 * beat, 1.2 * beat)
        flex = 0.5 + 0.5 * wave(time, rng, 0.5 * beat, beat)
        channels[f"hip_flex_{side}"] += 26 * flex
        channels[f"knee_{side}"] += 40 * flex
        channels[f"ankle_{side}"] += 12 * flex
        channels[f"hip_out_{side}"] += 8 * (1 + wave(time, rng, 0.4 * beat, beat))
    channels["twist"] += 22 * wave(time, rng, 0.4 * beat, beat)
    channels["lean"] += 13 * wave(time, rng, 0.4 * beat, beat)
    channels["bend"] += 9 * wave(time, rng, 0.4 * beat, beat)
    channels["turn"] += 45 * wave(time, rng, 0.15, 0.35)


def _lean(channels: Channels, time: np.ndarray, rng: np.random.Generator) -> None:
    phase = cycle(time, rng, 0.25, 0.45)
    channels["lean"] += rng.uniform(18, 30) * np.sin(phase)
    channels["bend"] += rng.uniform(0, 40) * (0.5 - 0.5 * np.cos(phase * 0.7))
    channels["twist"] += rng.uniform(-25, 25) * np.sin(phase)
    for side, sign in (("l", 1.0), ("r", -1.0)):
        channels[f"shoulder_out_{side}"] += 50 * np.clip(sign * np.sin(phase), 0, None)
        channels[f"hip_out_{side}"] += 7


def _one_leg(channels: Channels, time: np.ndarray, rng: np.random.Generator) -> None:
    side, other = rng.permutation(["l", "r"])
    lift = 0.5 - 0.5 * np.cos(cycle(time, rng, 0.25, 0.45))
    forward = rng.uniform(0.3, 1.0)
    channels[f"hip_flex_{side}"] += 72 * forward * lift
    channels[f"hip_out_{side}"] += 34 * (1 - forward) * lift
    channels[f"knee_{side}"] += rng.uniform(10, 90) * lift
    channels[f"shoulder_out_{other}"] += rng.uniform(20, 65) * lift
    channels[f"shoulder_out_{side}"] += rng.uniform(10, 55) * lift
    channels["lean"] += (6 if side == "l" else -6) * lift


def _jump(channels: Channels, time: np.ndarray, rng: np.random.Generator) -> None:
    period = rng.uniform(1.2, 1.6)
    cycle = (time / period + rng.uniform()) % 1.0
    crouch = np.exp(-(((cycle - 0.28) / 0.11) ** 2)) + 0.7 * np.exp(-(((cycle - 0.82) / 0.09) ** 2))
    air = np.clip((cycle - 0.42) / 0.32, 0, 1)
    channels["height"] += rng.uniform(0.10, 0.22) * 4 * air * (1 - air)
    flight = np.sin(np.pi * air)
    both(channels, "hip_flex", 52 * crouch + 6 * flight)
    both(channels, "knee", 78 * crouch + 14 * flight)
    both(channels, "ankle", 22 * crouch - 24 * flight)
    both(channels, "shoulder_flex", -28 * crouch + rng.uniform(20, 75) * flight)
    both(channels, "shoulder_out", rng.uniform(0, 50) * flight)
    channels["bend"] += 16 * crouch
    channels["pitch"] += 10 * crouch


MOTIONS: dict[str, Callable[[Channels, np.ndarray, np.random.Generator], None]] = {
    "walk": _walk,
    "dance": _dance,
    "arms": _arms,
    "turn": _turn,
    "squat": _squat,
    "lean": _lean,
    "one_leg": _one_leg,
    "jump": _jump,
}
"""Kinds of motion; each adds to the channels of a standing subject."""
EVERYDAY: dict[str, Callable[[Channels, np.ndarray, np.random.Generator], None]] = {
    "sit": sit,
    "bend": bend,
    "reach": reach,
}
"""More of them, which only variety="full" has."""


def _ease(share: np.ndarray) -> np.ndarray:
    return share * share * (3 - 2 * share)


def _poses(channels: Channels, yaw: np.ndarray) -> np.ndarray:
    """Axis-angle [T, 72] of the channels; SMPL's T-pose is y-up, faces z, and has its left side at +x."""
    frames = len(yaw)
    rotvecs = np.zeros((frames, 24, 3))

    def put(joint: int, order: str, *angles: np.ndarray) -> None:
        rotvecs[:, joint] = Rotation.from_euler(order, np.stack(angles, axis=1), degrees=True).as_rotvec()

    upright = Rotation.from_euler("x", 90, degrees=True)
    facing = Rotation.from_euler("z", (yaw + np.pi / 2)[:, None])
    pitch = Rotation.from_euler("x", channels["pitch"][:, None], degrees=True)
    rotvecs[:, 0] = (facing * upright * pitch).as_rotvec()
    bend, twist, lean = channels["bend"], channels["twist"], channels["lean"]
    for joint in (3, 6, 9):
        put(joint, "XYZ", bend / 3, twist / 3, lean / 3)
    look, nod = channels["look"], channels["nod"]
    for joint in (12, 15):
        put(joint, "XYZ", nod / 2, look / 2, np.zeros(frames))
    for side, sign, hip, knee, ankle, clavicle, shoulder, elbow, wrist in (
        ("l", 1.0, 1, 4, 7, 13, 16, 18, 20),
        ("r", -1.0, 2, 5, 8, 14, 17, 19, 21),
    ):
        own = {name: channels[f"{name}_{side}"] for name in SIDED}
        put(hip, "XZY", -own["hip_flex"], sign * own["hip_out"], sign * own["hip_turn"])
        put(knee, "X", own["knee"])
        put(ankle, "X", -own["ankle"])
        put(clavicle, "Z", sign * own["clavicle"])
        raised = np.clip(own["shoulder_out"], -5, 165)
        put(shoulder, "XZX", -np.clip(own["shoulder_flex"], -45, 160), sign * (raised - 90), own["shoulder_turn"])
        put(elbow, "Y", -sign * np.clip(own["elbow"], 0, 135))
        put(wrist, "Z", sign * own["wrist"])
    return rotvecs.reshape(frames, 72)
