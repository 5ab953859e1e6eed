"""Loading Anny, whose own cache is built on the first use on a machine: by one process at a time, and whole."""

import fcntl
import logging
from importlib.metadata import version
from pathlib import Path
from typing import Any

from garment_uv.errors import UserError

_LOG = logging.getLogger(__name__)


def cache_folder() -> Path:
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
    folder = cache_folder()
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
    return cache_folder() / f"garment-sweeps-anny-{version('anny')}.built"
