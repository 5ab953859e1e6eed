"""Which code runs: a digest of the two packages as this process would import them."""

import hashlib
import importlib.util
from functools import cache
from pathlib import Path

SOURCES = ("garment_sweeps", "garment_uv")


@cache
def code_digest() -> str:
    """First 12 hex digits of the sha256 over all files of both packages and their names."""
    digest = hashlib.sha256()
    for package in SOURCES:
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            for path in sorted(Path(folder).rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    digest.update(f"{package}/{path.relative_to(folder).as_posix()}\0".encode())
                    digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
