"""A home that is moved or copied: it finds what it holds, and a copy writes nothing into the original."""

import hashlib
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from garment_sweeps.cluster.settings import Settings
from garment_sweeps.comparison.compare import compare
from garment_sweeps.promotion import promote
from garment_sweeps.promotion.champion import champion_folder
from garment_sweeps.spaces import Experiment, Space
from garment_sweeps.tracking import experiment_id_of, tracking_client
from garment_sweeps.tracking.home import home_id
from garment_sweeps.tracking.model_artifact import fetch_model
from garment_sweeps.trials.single import train_once
from garment_uv.training.model_file import read_card
from tests.garment_uv.cylinder import small_config


@pytest.fixture
def copied(trained_home, tmp_path, monkeypatch) -> Path:
    """A copy of the home of a finished sweep, which this process looks at."""
    shutil.copytree(trained_home.home, tmp_path / "a copy")
    monkeypatch.setenv("GARMENT_HOME", str(tmp_path / "a copy"))
    for name in ("MLFLOW_TRACKING_URI", "GARMENT_STORAGE", "GARMENT_OPTUNA_STORAGE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "a copy"


def contents(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def stored(home: Path, table: str, column: str) -> set[str]:
    with closing(sqlite3.connect(home / "mlflow.db")) as database:
        return {value for (value,) in database.execute(f"SELECT {column} FROM {table}") if value}


def as_an_older_version_left_it(home: Path, was: Path) -> None:
    """The home's store with absolute places, as it was made in `was`; no identity."""
    (home / "home.json").unlink()
    with closing(sqlite3.connect(home / "mlflow.db")) as database, database:
        for table, column in (("experiments", "artifact_location"), ("runs", "artifact_uri")):
            place = f"{(was / 'artifacts').as_uri()}/"
            database.execute(f"UPDATE {table} SET {column} = replace({column}, 'mlflow-artifacts:/', ?)", (place,))


def use(home: Path, sweep: str, page: Path) -> None:
    """All that reads and writes artifacts: a page, a promotion, a training."""
    assert compare([sweep], page).place
    assert "good: prediction" in page.read_text() or "val-" in page.read_text()
    assert promote(sweep).passed and read_card(champion_folder()).epoch == 12
    base = small_config(**{"data.uri": str(home / "dataset"), "training.epochs": 1, "training.threads": 1})
    experiment = Experiment(name="promotion", description="one more", base=base, space=Space(parameters=()))
    result = train_once(experiment, base, "another", Settings.from_environment().storage, home)
    fetch_model(tracking_client(), result["run_id"], home / "fetched")


def test_a_copy_keeps_its_own_artifacts(trained_home, copied, tmp_path):
    before = contents(trained_home.home)
    use(copied, trained_home.sweep, tmp_path / "page.html")
    assert contents(trained_home.home) == before
    assert home_id(copied) == home_id(trained_home.home)
    new = set(contents(copied)) - set(before)
    assert any("generator.safetensors" in name and name.startswith("artifacts/") for name in new)
    assert not any(str(trained_home.home) in text for text in stored(copied, "runs", "artifact_uri"))
    assert not any(str(trained_home.home) in text for text in stored(copied, "model_versions", "source"))


def test_an_older_versions_home_is_mended_where_it_was_copied_to(trained_home, copied, tmp_path):
    as_an_older_version_left_it(copied, trained_home.home)
    before = contents(trained_home.home)
    client = tracking_client()
    chosen = tmp_path / "elsewhere"
    other = client.create_experiment("other", artifact_location=chosen.as_uri())  # somebody's own choice
    use(copied, trained_home.sweep, tmp_path / "page.html")
    assert contents(trained_home.home) == before
    assert client.get_experiment(other).artifact_location == chosen.as_uri()
    assert not any(text.startswith("file:") for text in stored(copied, "runs", "artifact_uri"))
    uris = {client.get_run(run).data.params["data.uri"] for run in trained_home.runs.values()}
    assert uris == {".garment/dataset"}


def test_a_moved_home_finds_its_meshes(trained_home, copied, tmp_path, monkeypatch):
    as_an_older_version_left_it(copied, copied)  # made here, and then moved: nothing is left where it was
    moved = copied.rename(tmp_path / "moved")
    monkeypatch.setenv("GARMENT_HOME", str(moved))
    run = trained_home.runs["good"]
    paths = {item.path for item in tracking_client().list_artifacts(run, "gallery")}
    assert "gallery/meshes.npz" in paths
    again = moved.rename(tmp_path / "again")
    monkeypatch.setenv("GARMENT_HOME", str(again))
    page = tmp_path / "page.html"
    compare([trained_home.sweep], page)
    assert "val-00000-0000" in page.read_text()
    assert not copied.exists() and not moved.exists()


def test_an_experiment_is_made_relative_to_its_home_which_has_an_identity(tmp_path, monkeypatch):
    monkeypatch.setenv("GARMENT_HOME", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    client = tracking_client()
    location = client.get_experiment(experiment_id_of(client, "new")).artifact_location
    assert location == "mlflow-artifacts:/new" and str(tmp_path) not in location
    assert len(json.loads((tmp_path / "home.json").read_text())["id"]) == 32
    run = client.create_run(experiment_id_of(client, "new")).info.run_id
    client.log_text(run, "text", "a/b.txt")
    assert (tmp_path / "artifacts" / "new" / run / "artifacts" / "a" / "b.txt").read_text() == "text"
