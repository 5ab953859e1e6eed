"""Where the node's shard cache lies, for all who fill it, measure its disk or speak of it."""

import os
from pathlib import Path

from platformdirs import user_cache_path

FOLDER = "shard-cache"
"""Its name in the home."""


def cache_folder(home: str | Path | None = None) -> Path:
    """GARMENT_CACHE_DIR, else `shard-cache` in the home (of the environment, where none is given); absolute."""
    given = os.environ.get("GARMENT_CACHE_DIR")
    folder = given or Path(home or os.environ.get("GARMENT_HOME") or ".garment") / FOLDER
    return Path(folder).expanduser().absolute()


def former_folder() -> Path:
    """Where the cache lay up to 0.1.0; nothing reads it now."""
    return user_cache_path("garment-sweeps") / "shards"


def existing(folder: str | Path) -> Path:
    """The folder, or the nearest one above it that is there: it lies on the same disk."""
    folder = Path(folder).absolute()
    while not folder.exists():
        folder = folder.parent
    return folder


def same_disk(one: str | Path, other: str | Path) -> bool:
    """Whether two folders lie, or would lie, on one disk."""
    return existing(one).stat().st_dev == existing(other).stat().st_dev
