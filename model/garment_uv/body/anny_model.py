"""Anny itself: which phenotypes it gets, and how it is loaded from a cache that one process builds, whole."""

import fcntl
import logging
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from garment_uv.errors import UserError

SHAPE_AXES: tuple[tuple[str, float, float], ...] = (
    ("height", 0.42, 0.22),
    ("weight", 0.50, 0.45),
    ("muscle", 0.50, 0.40),
    ("proportions", 0.50, 0.40),
    ("age", 0.74, 0.07),
)
"""Phenotype, its value at coefficient 0, and the most it moves: value + reach * tanh(coefficient / 2)."""


def phenotypes(gender: int, shape: np.ndarray) -> dict[str, float]:
    """Anny's phenotypes, all of an adult and within [0, 1], for a gender (0 female, 1 male) and shape [10].

    A map of ours, since SMPL's principal components have no counterpart there.
    The first five coefficients drive height, weight, muscle, proportions and age; the sixth moves the sex
    characteristics by at most 0.15 towards the other sex; the last four change nothing. Any finite shape is allowed.
    """
    moved = np.tanh(np.asarray(shape, dtype=np.float64) / 2.0)
    values = {name: centre + reach * float(moved[k]) for k, (name, centre, reach) in enumerate(SHAPE_AXES)}
    softness = 0.075 * (1.0 + float(moved[len(SHAPE_AXES)]))
    # Anny counts from male (0) to female (1), CLOTH3D the other way round.
    values["gender"] = softness if gender == 1 else 1.0 - softness
    return values


_LOG = logging.getLogger(__name__)


def anny_cache_folder() -> Path:
    """Where anny keeps its cache: ANNY_CACHE_DIR, or a folder in the user's home."""
    from anny.paths import get_anny_cache_path

    return Path(get_anny_cache_path())


def is_cache_built() -> bool:
    """Whether the next `load_anny` takes half a second rather than the minute or two of a machine's first use."""
    return _marker().exists()


def load_anny() -> Any:
    """anny's model: full topology with the clothing layers, its own rig, no warp started.

    Anny writes its cache in place, so processes that start together would read each other's half-written files: a
    lock lets one build while the others wait. UserError when the cache cannot be written or is damaged.
    """
    folder = anny_cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "garment-sweeps.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not is_cache_built():
                _LOG.warning("building the Anny body's cache in %s, once on this machine: one to three minutes", folder)
            model = _build(folder)
            _marker().touch()
            return model
    except OSError as error:
        raise UserError(
            f"Anny's cache cannot be kept in {folder} ({error.strerror}): set ANNY_CACHE_DIR to a folder of yours"
        ) from None


def _build(folder: Path) -> Any:
    from anny import Anny
    from safetensors import SafetensorError

    try:
        # skinning_method: ours is used; naming one keeps anny from starting warp.
        return Anny(rig="anny", topology="anny-full", skinning_method="lbs")
    except (SafetensorError, EOFError, ValueError, KeyError) as error:
        raise UserError(
            f"Anny's cache in {folder} is damaged ({type(error).__name__}): delete that folder and run again"
        ) from error


def _marker() -> Path:
    return anny_cache_folder() / f"garment-sweeps-anny-{version('anny')}.built"
