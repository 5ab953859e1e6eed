"""The sweep platform around `garment_uv`: Ray Tune, Optuna, MLflow and S3."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from garment_sweeps.api import load, results, run

__all__ = ["load", "results", "run"]


def __getattr__(name: str) -> Any:
    """Its public functions, imported when they are first asked for: a worker that needs none imports none."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from garment_sweeps import api

    return getattr(api, name)
