"""`info.mat`: what a CLOTH3D sequence says about its subject, motion, outfit, lights and camera."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io

from garment_uv.classes import GARMENT_CLASSES
from garment_uv.datasets.cloth3d._mat5 import MatError, parse
from garment_uv.errors import UserError, one_line
from garment_uv.outputs import file_aside

_KEYS = "shape poses trans gender zrot camLoc tightness seq seq_start seq_end outfit lights".split()


@dataclass(frozen=True, eq=False)
class GarmentInfo:
    """What a garment is made of."""

    fabric: str
    """'cotton', 'denim', 'leather' or 'silk' in the dataset."""
    texture_type: str
    """'pattern' has a `<Garment>.png` beside it; 'color' has none."""
    texture_data: Any
    """Plain tree: for a pattern {'pattern': file, 'hsv': [3], 'scale': float}, for a color its values."""


@dataclass(frozen=True, eq=False)
class SequenceInfo:
    """One `info.mat`, frames first, arrays float64; UserError at once for a field that does not fit."""

    shape: np.ndarray
    """[10] body shape coefficients."""
    poses: np.ndarray
    """[T, 72] axis-angle of 24 joints in SMPL's order, radians (72 x T on disk)."""
    trans: np.ndarray
    """[T, 3] root translation, metres, before zrot (3 x T on disk)."""
    gender: int
    """0 female, 1 male."""
    zrot: float
    """Turn of the whole scene about z, radians."""
    cam_loc: np.ndarray
    """[3] camera in the world, metres."""
    tightness: np.ndarray
    """[2] upper and lower tightness of the outfit."""
    outfit: dict[str, GarmentInfo]
    """Garments by class name."""
    seq: str = ""
    """Name of the motion."""
    seq_start: int = 0
    """First frame of the motion used."""
    seq_end: int = 0
    """Frame after the last."""
    lights_type: str = "point"
    """'point' in the dataset, or another kind with its own data."""
    lights_data: Any = ()
    """Plain tree as found: for points a list of {'loc': [3] metres, 'pwr': watts}."""

    def __post_init__(self) -> None:
        poses, trans = _array("poses", self.poses), _array("trans", self.trans)
        poses = poses[None] if poses.ndim == 1 else poses
        trans = trans[None] if trans.ndim == 1 else trans
        if poses.ndim != 2 or poses.shape[1] != 72 or len(poses) == 0:
            raise UserError(f"poses must be 72 numbers a frame, was given the shape {poses.shape}")
        if trans.shape != (len(poses), 3):
            raise UserError(
                f"trans must be 3 numbers for each of {len(poses)} poses, was given the shape {trans.shape}"
            )
        gender = _number("gender", self.gender)
        if gender not in (0, 1):
            raise UserError(f"gender must be 0 (female) or 1 (male), was given {self.gender!r}")
        if not isinstance(self.outfit, dict) or not self.outfit:
            raise UserError("outfit must name at least one garment")
        unknown = [name for name in self.outfit if name not in GARMENT_CLASSES]
        if unknown:
            raise UserError(f"outfit names {', '.join(unknown)}; the garments are {', '.join(GARMENT_CLASSES)}")
        if not str(self.seq).isprintable():
            raise UserError(f"seq must be a name that can be printed, was given {str(self.seq)[:40]!r}")
        lights = [self.lights_data] if isinstance(self.lights_data, dict) else self.lights_data
        checked: dict[str, Any] = {
            "poses": poses,
            "trans": trans,
            "gender": int(gender),
            "zrot": _number("zrot", self.zrot),
            "seq": str(self.seq),
            "seq_start": int(_number("seq_start", self.seq_start)),
            "seq_end": int(_number("seq_end", self.seq_end)),
            "lights_data": list(lights) if isinstance(lights, tuple) else lights,
        }
        for name, size in (("shape", 10), ("cam_loc", 3), ("tightness", 2)):
            value = _array(name, getattr(self, name))
            if value.shape != (size,):
                raise UserError(f"{name} must hold {size} numbers, was given the shape {value.shape}")
            checked[name] = value
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @property
    def num_poses(self) -> int:
        """Number of poses, T; a sequence can hold one or two images fewer."""
        return len(self.poses)

    def plain(self) -> dict[str, Any]:
        """Keys and layout of the file itself, as plain Python trees."""
        outfit = {
            name: {"fabric": item.fabric, "texture": {"type": item.texture_type, "data": item.texture_data}}
            for name, item in self.outfit.items()
        }
        return {
            "shape": self.shape, "poses": self.poses.T, "trans": self.trans.T, "gender": self.gender,
            "zrot": self.zrot, "camLoc": self.cam_loc, "tightness": self.tightness, "seq": self.seq,
            "seq_start": self.seq_start, "seq_end": self.seq_end, "outfit": outfit,
            "lights": {"type": self.lights_type, "data": self.lights_data},
        }  # fmt: skip


def read_info(path: Path | str) -> SequenceInfo:
    """Read an `info.mat`, one-frame files included; UserError names the file and what does not fit."""
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file; a CLOTH3D sequence has its info.mat: fetch it again or leave it out")
    try:
        found = parse(path.read_bytes())
        missing = [key for key in _KEYS if key not in found]
        if missing:
            raise UserError(f"has no {', '.join(missing)}; is it the sequence's own info.mat?")
        return _from_plain(found)
    except MatError as error:
        raise UserError(f"{path}: not a readable MATLAB file ({error}); fetch it again") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(
            f"{path}: not laid out as CLOTH3D's info.mat ({one_line(error, 120)}); fetch it again"
        ) from None
    except UserError as error:
        raise UserError(f"{path}: {error}; fetch it again") from None


def write_info(path: Path | str, info: SequenceInfo) -> None:
    """Write an `info.mat` that `read_info` and scipy users read back; the same bytes for the same info."""
    tree = {name: to_matlab(value) for name, value in info.plain().items()}
    with file_aside(Path(path)) as file:
        scipy.io.savemat(file, tree, oned_as="row")
        # scipy stamps the time into the 116-byte text header: the same sequence must give the same bytes.
        file.seek(0)
        file.write(b"MATLAB 5.0 MAT-file, CLOTH3D layout, written by garment-sweeps".ljust(116))


def _from_plain(tree: dict[str, Any]) -> SequenceInfo:
    if not isinstance(tree["outfit"], dict) or not isinstance(tree["lights"], dict):
        raise UserError("outfit and lights must be structs")
    outfit = {
        name: GarmentInfo(str(item["fabric"]), str(item["texture"]["type"]), item["texture"]["data"])
        for name, item in tree["outfit"].items()
    }
    return SequenceInfo(
        shape=tree["shape"], poses=_array("poses", tree["poses"]).T, trans=_array("trans", tree["trans"]).T,
        gender=tree["gender"], zrot=tree["zrot"], cam_loc=tree["camLoc"], tightness=tree["tightness"],
        outfit=outfit, seq=tree["seq"], seq_start=tree["seq_start"], seq_end=tree["seq_end"],
        lights_type=str(tree["lights"]["type"]), lights_data=tree["lights"]["data"],
    )  # fmt: skip


def _array(name: str, value: Any) -> np.ndarray:
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise UserError(f"{name} must be numbers, was given {type(value).__name__}") from None
    if not np.isfinite(array).all():
        raise UserError(f"{name} holds a number that is not finite")
    return array


def _number(name: str, value: Any) -> float:
    array = _array(name, value)
    if array.ndim:
        raise UserError(f"{name} must be one number, was given the shape {array.shape}")
    return float(array)


def to_matlab(value: Any) -> Any:
    """A tree for `scipy.io.savemat`: a list becomes a cell, so that a list of one struct stays a list."""
    if isinstance(value, dict):
        return {name: to_matlab(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        cell = np.empty(len(value), dtype=object)
        for index, item in enumerate(value):
            cell[index] = to_matlab(item)
        return cell
    return value
