"""SMPL parameters as estimators write them: .npz or .json, one body or one for each frame. Nothing is unpickled.

The shapes are those of one body; a first axis may go over frames.

- pose: `pose`, `poses`, `smpl_thetas`, `pred_pose`, `rotmat` or `pred_rotmat`, axis angles [72] or [24, 3] or rotations
  [24, 3, 3]; or `global_orient` or `root_orient` of the root and `body_pose` or `pose_body` of the 23 other joints, or
  of 21 where the hands are at rest, either way;
- shape: `betas`, `shape`, `pred_betas` or `smpl_betas` [10];
- where the body is: `transl`, `trans`, `global_t`, `pred_cam_t`, `cam_t` or `cam_trans` [3], metres before a camera of
  `focal_length`, `focal_l` or `focal`, px; or `pred_cam`, `cam` or `camera` [3] as scale, tx and ty in a square crop,
  which is `bbox` as centre and side [3] or as left, top, width and height [4], or `bbox_center`, `box_center` or
  `center` [2] with `bbox_size` or `box_size`, px, or `bbox_scale` or `scale` in 200 px;
- gender: `gender`, 'female', 'male', 0 or 1.

Facts about the formats: HMR, SPIN and their kin write a weak-perspective camera for a square crop; CLIFF, 4D-Humans and
WHAM translations before a camera of a focal length in px; ROMP both, of which the translation is taken (its `cam` has
ty before tx). All turn about the root, and look along +z with y down.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from garment_uv.errors import UserError, one_line
from garment_uv.estimation.body_file import BodyFile, body_from, read_values
from garment_uv.estimation.placement import CameraFrame, EstimatedBody, Perspective, Square, WeakPerspective
from garment_uv.geometry.rotations import axis_angles

POSES = ("pose", "poses", "smpl_thetas", "pred_pose", "rotmat", "pred_rotmat")
ROOTS, LIMBS = ("global_orient", "root_orient"), ("body_pose", "pose_body")
SHAPES = ("betas", "shape", "pred_betas", "smpl_betas")
TRANSLATIONS = ("transl", "trans", "global_t", "pred_cam_t", "cam_t", "cam_trans")
FOCALS = ("focal_length", "focal_l", "focal")
WEAK = ("pred_cam", "cam", "camera")
GENDERS = {"female": 0, "f": 0, "0": 0, "male": 1, "m": 1, "1": 1}
_STRAIGHT = 1e-2


@dataclass(frozen=True)
class EstimatorOptions:
    """What a user says of an estimator's file."""

    gender: str = ""
    """'female' or 'male', which estimators with a neutral body do not say; instead of what the file says."""
    focal: float | None = None
    """Focal length, px; instead of what the file says."""
    camera_frame: CameraFrame = "y-down"
    """How the estimator's camera stands."""


NO_OPTIONS = EstimatorOptions()


def looks_estimated(values: Any) -> bool:
    """Whether this is an estimator's file rather than one of our own."""
    return (
        isinstance(values, dict) and not {"format", "body_model"} & set(values) and bool(_name(values, POSES + LIMBS))
    )


def estimated_bodies(values: dict[str, Any], path: Path, options: EstimatorOptions) -> list[EstimatedBody]:
    """The bodies of a file's values by name, one for each frame; UserError, naming `path`, for what the table lacks."""
    try:
        pose = _pose(values)
        frames = len(pose)
        shape = _each(_first(values, SHAPES), (10,), frames, "betas")
        cameras = _cameras(values, frames, options.focal)
        bearer = GENDERS[_gender(values, options.gender)]
        return [
            EstimatedBody(bearer, betas, angles, camera, options.camera_frame)
            for betas, angles, camera in zip(shape, pose, cameras, strict=True)
        ]
    except (ValueError, TypeError) as error:
        raise UserError(f"body file {path}: {one_line(error)}") from None


def _pose(values: dict[str, Any]) -> np.ndarray:
    """Axis angles [T, 72]."""
    if _name(values, LIMBS):
        root = _joints(_first(values, ROOTS), 1, "global_orient")
        limbs = _joints(_first(values, LIMBS), 23, "body_pose")
        if len(root) != len(limbs):
            raise ValueError(f"global_orient is of {len(root)} frames, body_pose of {len(limbs)}")
        return np.concatenate([root, limbs], axis=1)
    return _joints(_first(values, POSES), 24, "pose")


def _joints(given: Any, joints: int, name: str) -> np.ndarray:
    """Axis angles [T, 3 joints] from axis angles or rotations, of one frame or several; 21 joints become 23."""
    array = _numbers(given, name)
    if array.shape[-2:] == (3, 3) and _are_rotations(array):
        array = axis_angles(array)
    for count in (23, 21) if joints == 23 else (joints,):
        if array.size == 3 * count or array.shape[-1:] == (3 * count,) or array.shape[-2:] == (count, 3):
            angles = np.asarray(array, np.float64).reshape(-1, 3 * count)
            return np.pad(angles, ((0, 0), (0, 3 * (joints - count))))
    raise ValueError(f"{name} has shape {array.shape}, wanted {joints} joints as axis angles or 3x3 rotations")


def _are_rotations(matrices: np.ndarray) -> bool:
    gaps = matrices @ matrices.swapaxes(-1, -2) - np.eye(3)
    return bool(np.abs(gaps).max() < _STRAIGHT and (np.linalg.det(matrices) > 0).all())


def _cameras(values: dict[str, Any], frames: int, focal: float | None) -> Iterable[Perspective | WeakPerspective]:
    if _name(values, TRANSLATIONS):
        length = focal if focal is not None else values.get(_name(values, FOCALS) or "")
        if length is None:
            raise ValueError("it has a translation and no focal_length: give the estimator's with --focal, in px")
        where = _each(_first(values, TRANSLATIONS), (3,), frames, "translation")
        lengths = _each(length, (), frames, "focal_length")
        return [Perspective(at, float(each)) for at, each in zip(where, lengths, strict=True)]
    weak = _each(_first(values, WEAK), (3,), frames, "pred_cam")
    crops = _crops(values, frames)
    return [WeakPerspective(scale, tx, ty, crop) for (scale, tx, ty), crop in zip(weak.tolist(), crops, strict=True)]


def _crops(values: dict[str, Any], frames: int) -> list[Square]:
    """The square crop of each frame, from a box or from centre and size."""
    if "bbox" in values:
        box = _numbers(values["bbox"], "bbox")
        box = _each(box, (box.shape[-1],), frames, "bbox")
        if box.shape[1] == 4:
            box = np.column_stack([box[:, :2] + box[:, 2:] / 2, box[:, 2:].max(axis=1)])
        if box.shape[1] != 3:
            raise ValueError(f"bbox has {box.shape[1]} numbers, wanted centre and side, or left, top, width, height")
    else:
        middle = _each(_first(values, ("bbox_center", "box_center", "center")), (2,), frames, "bbox_center")
        name = _name(values, ("bbox_size", "box_size"))
        side = values[name] if name else 200 * _numbers(_first(values, ("bbox_scale", "scale")), "bbox_scale")
        box = np.column_stack([middle, _each(side, (), frames, "bbox_size")])
    if not (box[:, 2] > 0).all():
        raise ValueError("bbox has no extent")
    return [Square(x - side / 2, y - side / 2, side) for x, y, side in box.tolist()]


def _gender(values: dict[str, Any], given: str) -> str:
    options = str(given or np.asarray(values.get("gender", "")).ravel()[:1].tolist()[0]).lower()
    if options not in GENDERS:
        raise ValueError(f"its gender is {options or 'not options'!r}: say --gender female or --gender male")
    return options


def _each(given: Any, shape: tuple[int, ...], frames: int, name: str) -> np.ndarray:
    """[T, *shape] of values for every frame, or of one value for all."""
    array = _numbers(given, name)
    if array.size == int(np.prod(shape)):
        return np.broadcast_to(array.reshape(shape), (frames, *shape))
    if array.size != frames * int(np.prod(shape)):
        raise ValueError(f"{name} has shape {array.shape}, wanted {list(shape)} of each of {frames} frames")
    return array.reshape(frames, *shape)


def _numbers(given: Any, name: str) -> np.ndarray:
    array = np.asarray(given)
    if array.dtype.kind not in "fiu" or not array.size or not np.isfinite(array).all():
        raise ValueError(f"{name} holds something else than finite numbers")
    return array.astype(np.float64)


def _name(values: dict[str, Any], names: Iterable[str]) -> str | None:
    return next((name for name in names if name in values), None)


def _first(values: dict[str, Any], names: tuple[str, ...]) -> Any:
    found = _name(values, names)
    if found is None:
        raise ValueError(f"it has none of {', '.join(names)}; it has {', '.join(sorted(values)[:12])}")
    return values[found]


Body = BodyFile | EstimatedBody
SUFFIXES = (".json", ".npz")
_PER_FRAME = {"pose": 1, "shape": 1, "trans": 1, "camera": 1, "zrot": 0}
"""Fields of ours that may have a first axis over frames, with how many axes they have without it."""


def read_bodies(path: Path, options: EstimatorOptions = NO_OPTIONS) -> list[Body]:
    """All bodies of a file, one for each frame; UserError names the file and what is wrong with it."""
    values = read_values(path)
    if looks_estimated(values):
        return [*estimated_bodies(values, path, options)]
    if not isinstance(values, dict) or np.ndim(_array(values.get("pose"))) != 2:
        return [body_from(values, path)]
    frames = len(values["pose"])
    return [body_from({name: _of_frame(name, value, t, frames, path) for name, value in values.items()}, path)
            for t in range(frames)]  # fmt: skip


def read_body(path: Path, options: EstimatorOptions = NO_OPTIONS) -> Body:
    """The only body of a file; UserError where it holds several."""
    bodies = read_bodies(path, options)
    if len(bodies) != 1:
        raise UserError(
            f"body file {path} holds {len(bodies)} bodies, a picture has one: give a video, or one file each"
        )
    return bodies[0]


def _of_frame(name: str, value: Any, frame: int, frames: int, path: Path) -> Any:
    if name not in _PER_FRAME or np.ndim(_array(value)) == _PER_FRAME[name]:
        return value
    if len(value) != frames:
        raise UserError(f"body file {path}: {name} is of {len(value)} frames, pose of {frames}")
    return value[frame] if not isinstance(value[frame], np.generic) else value[frame].item()


def _array(value: Any) -> Any:
    """For its number of axes alone; an uneven list has none."""
    try:
        return np.asarray(value)
    except ValueError:
        return None
