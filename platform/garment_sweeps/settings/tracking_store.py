"""Where the records go: an MLflow server by `MLFLOW_TRACKING_URI`, or SQLite and a folder with nothing set."""

import os
from pathlib import Path

from garment_sweeps.settings.urls import without_login


def garment_home() -> Path:
    """Folder of everything local: `GARMENT_HOME`, or `.garment` in the working directory; absolute."""
    return Path(os.environ.get("GARMENT_HOME", ".garment")).expanduser().resolve()


def tracking_uri() -> str:
    """`MLFLOW_TRACKING_URI`, or an SQLite store inside the garment home."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{garment_home() / 'mlflow.db'}"


def own_uri(uri: str) -> str:
    """A URI that came without its login, with this process's: `MLFLOW_TRACKING_URI` where it names the same server."""
    own = os.environ.get("MLFLOW_TRACKING_URI", "")
    return own if own and without_login(own) == without_login(uri) else uri
