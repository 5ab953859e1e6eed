"""The local home in MLflow: where artifacts lie, whatever folder the home is in today.

A local store names artifacts by MLflow's own scheme for what a server keeps, `mlflow-artifacts:/EXPERIMENT/...`, which
says nothing of a folder. `garment ui`'s server knows it; in a process without a server, `register_artifacts` makes it
mean the folder `artifacts` of the home. So a home can be moved, and a copy keeps its own artifacts.
"""

import json
import sqlite3
import sys
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit
from uuid import uuid4

from garment_sweeps.settings.environment import find_home, tracking_uri
from garment_sweeps.settings.names import LOCAL_FOLDER
from garment_uv.outputs import write_file

if TYPE_CHECKING:
    from mlflow.store.artifact.artifact_repo import ArtifactRepository

SCHEME = "mlflow-artifacts"
HOME_FILE = "home.json"
ARTIFACTS = "artifacts"
PLACES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)
"""Tables and columns of MLflow's store that say where artifacts lie."""


def home_id(home: Path) -> str:
    """The identity of a home, made with it; a copy of the folder is a copy of the home, with the same."""
    path = home / HOME_FILE
    if not path.exists():
        write_file(path, json.dumps({"format": "garment-home", "id": uuid4().hex}) + "\n")
    return json.loads(path.read_text())["id"]


def artifact_location(experiment: str) -> str:
    """Where a local store keeps the artifacts of an experiment, relative to the home."""
    return f"{SCHEME}:/{experiment}"


def store_file(uri: str) -> Path | None:
    """The SQLite file of a local store; None of a server."""
    return Path(uri.removeprefix("sqlite:///")) if uri.startswith("sqlite:///") else None


def artifacts_folder(uri: str) -> Path:
    """Where the artifacts of that store lie: in the home that holds the store, or else in this process's."""
    store = store_file(uri)
    home = store.parent if store is not None and (store.parent / HOME_FILE).exists() else find_home()
    return home / ARTIFACTS


@cache
def register_artifacts() -> None:
    """Makes this process find a local store's artifacts; those of a server are MLflow's own affair."""
    from mlflow.store.artifact.artifact_repository_registry import get_registered_artifact_repositories
    from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

    registered = get_registered_artifact_repositories()
    of_a_server = registered[SCHEME]

    def repository(artifact_uri: str, **uris: str | None) -> "ArtifactRepository":
        store = uris.get("tracking_uri") or tracking_uri()
        if store_file(store) is None:
            return of_a_server(artifact_uri, **uris)  # type: ignore[operator]
        folder = artifacts_folder(store) / urlsplit(artifact_uri).path.lstrip("/")
        return LocalArtifactRepository(folder.as_uri(), **uris)

    registered[SCHEME] = repository  # type: ignore[assignment]


def open_home(home: Path, store: Path) -> None:
    """Gives the home its identity, where `store` is its own, and mends what an older version left in there.

    That version kept absolute places, which a moved or copied home has no more: they become things of this home.

    Where a home was then is told by its experiments, whose artifacts lay in `<home>/artifacts/<experiment>`. Only what
    lies there is rewritten, in one transaction; locations that somebody chose otherwise stay.
    """
    if store.parent != home:
        return
    home_id(home)
    with closing(sqlite3.connect(store, timeout=60, isolation_level=None)) as database:
        experiments = database.execute("SELECT artifact_location, name FROM experiments").fetchall()
        ends = [(location, f"/{ARTIFACTS}/{quote(name)}") for location, name in experiments]
        places = {at.removesuffix(end) for at, end in ends if at.startswith("file:") and at.endswith(end)}
        if not places:
            return
        database.execute("BEGIN IMMEDIATE")
        for place in places:
            for table, column in PLACES:
                _rewrite(database, table, column, f"{place}/{ARTIFACTS}/", f"{SCHEME}:/")
            _rewrite(database, "params", "value", f"{_folder(place)}/", f"{LOCAL_FOLDER}/", "key = 'data.uri'")
        database.execute("COMMIT")
    for place in map(_folder, places):
        if place != home and (place / ARTIFACTS).is_dir() and not (home / ARTIFACTS).is_dir():
            print(f"garment: the artifacts of {home} lie in {place / ARTIFACTS}: copy them to it", file=sys.stderr)


def _folder(uri: str) -> Path:
    return Path(unquote(urlsplit(uri).path))


def _rewrite(database: sqlite3.Connection, table: str, column: str, before: str, now: str, where: str = "1") -> None:
    """Exchanges the beginning of a column's values; what begins otherwise stays."""
    database.execute(
        f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ? AND {where}",
        (now, len(before) + 1, len(before), before),
    )
