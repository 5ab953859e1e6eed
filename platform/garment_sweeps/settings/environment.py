"""Where this machine or job keeps things, from the environment alone."""

import os
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from garment_sweeps.settings.names import LOCAL_FOLDER
from garment_sweeps.settings.urls import holds_secret, without_login
from garment_uv.config import Config
from garment_uv.errors import UserError

JOB_MARK = "RAY_JOB_CONFIG_JSON_ENV_VAR"
"""Ray sets it in the driver of a submitted job."""


class StorageConfig(Config):
    """Where checkpoints go: a folder that all nodes see, or S3."""

    uri: str
    """An absolute folder or s3://bucket/prefix."""
    endpoint: str = ""
    """S3 endpoint URL; empty for AWS's own."""


@dataclass(frozen=True)
class Settings:
    """Resolved settings; all paths are absolute, since workers run in other folders."""

    home: Path
    """GARMENT_HOME: everything local. Default `.garment`."""
    storage: StorageConfig
    """GARMENT_STORAGE: folder or s3://... of checkpoints. Default: the home's `sweeps`."""
    study_url: str
    """GARMENT_OPTUNA_STORAGE: SQLAlchemy URL of the studies. Default: SQLite in the home."""
    ray_address: str | None
    """RAY_ADDRESS: a running cluster. Default: a local one for the length of the command."""

    @classmethod
    def from_environment(cls) -> "Settings":
        """Reads GARMENT_HOME, GARMENT_STORAGE, GARMENT_OPTUNA_STORAGE, RAY_ADDRESS and AWS_ENDPOINT_URL_S3."""
        home = find_home()
        return cls(
            home=home,
            storage=_storage(home),
            study_url=os.environ.get("GARMENT_OPTUNA_STORAGE") or f"sqlite:///{home / 'optuna.db'}",
            ray_address=os.environ.get("RAY_ADDRESS") or None,
        )


def find_home() -> Path:
    """The garment home, absolute.

    A submitted job runs in a throw-away copy of the working directory, where a relative home would be lost with the
    job: there it is GARMENT_HOME, or `.garment` of the clone that the command was installed from.
    """
    given = os.environ.get("GARMENT_HOME")
    in_job = JOB_MARK in os.environ
    if given and (Path(given).expanduser().is_absolute() or not in_job):
        return Path(given).expanduser().resolve()
    if not in_job:
        return Path(LOCAL_FOLDER).resolve()
    clone = Path(__file__).resolve().parents[3]
    if clone == Path.cwd().resolve() or not (clone / "pyproject.toml").is_file():
        raise UserError(
            "GARMENT_HOME must be an absolute path in a submitted job: set it where the cluster's nodes start, "
            """or pass --runtime-env-json '{"env_vars": {"GARMENT_HOME": "/path"}}'"""
        )
    return clone / (given or LOCAL_FOLDER)


def tracking_uri() -> str:
    """Where the records go: MLFLOW_TRACKING_URI, or an SQLite store in the home."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{find_home() / 'mlflow.db'}"


def own_uri(uri: str) -> str:
    """A URI that came without its login, with this process's: `MLFLOW_TRACKING_URI` where it names the same server."""
    own = os.environ.get("MLFLOW_TRACKING_URI", "")
    return own if own and without_login(own) == without_login(uri) else uri


def cache_folder(home: str | Path | None = None) -> Path:
    """The node's shard cache: GARMENT_CACHE_DIR, else `shard-cache` in that home, by default this one; absolute."""
    given = os.environ.get("GARMENT_CACHE_DIR")
    folder = Path(given) if given else Path(home or find_home()) / "shard-cache"
    return folder.expanduser().absolute()


def former_cache_folder() -> Path:
    """Where the cache lay up to 0.1.0; nothing reads it now."""
    return user_cache_path("garment-sweeps") / "shards"


def existing(folder: str | Path) -> Path:
    """The folder, or the nearest one above it that is there: it lies on the same disk."""
    folder = Path(folder).absolute()
    return next(each for each in (folder, *folder.parents) if each.exists())


def same_disk(one: str | Path, other: str | Path) -> bool:
    """Whether two folders lie, or would lie, on one disk."""
    return existing(one).stat().st_dev == existing(other).stat().st_dev


def _storage(home: Path) -> StorageConfig:
    for name in ("GARMENT_STORAGE", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"):
        if holds_secret(os.environ.get(name, "")):
            raise UserError(
                f"{name} holds a login, which would be kept with every trial; leave it out, and set AWS_ACCESS_KEY_ID "
                "and AWS_SECRET_ACCESS_KEY or a profile"
            )
    uri = os.environ.get("GARMENT_STORAGE") or str(home / "sweeps")
    if "://" in uri:
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
        return StorageConfig(uri=uri, endpoint=endpoint)
    return StorageConfig(uri=str(Path(uri).expanduser().resolve()))
