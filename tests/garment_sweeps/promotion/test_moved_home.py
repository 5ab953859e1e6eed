"""A home that is moved or copied: it finds what it holds, and a copy writes nothing into the original."""

import hashlib
import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from mlflow.tracking._tracking_service.utils import _artifact_repos_cache

from garment_sweeps.comparison.compare import compare
from garment_sweeps.experiment import Experiment, Space
from garment_sweeps.promotion import promote
from garment_sweeps.promotion.champion import CHAMPION, MODEL_NAME, champion_folder, register
from garment_sweeps.settings.environment import Settings
from garment_sweeps.tracking import experiment_id_of, tags, tracking_client
from garment_sweeps.tracking.home import home_id
from garment_sweeps.tracking.model_artifact import fetch_model
from garment_sweeps.trials.single import TrainingRequest, train_once
from garment_uv.samples.source import FolderSource
from garment_uv.training.evaluate import saved_evaluator
from garment_uv.training.model_file import read_card
from garment_uv.viewing.gallery import write_gallery
from tests.garment_sweeps.promotion.crafted import track
from tests.garment_uv.cylinder import small_config, write_dataset
from tests.garment_uv.test_outputs import small_model

SWEEP = "drawn"


@dataclass(frozen=True)
class Home:
    """A home with a sweep of one trial, which kept a model and a gallery."""

    folder: Path
    run: str


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Home:
    """Never looked at by a test's commands; what is in it must not change."""
    home = tmp_path_factory.mktemp("original")
    dataset = write_dataset(home / "dataset", train=2, val=2, test=2)
    model = small_model(home / "drawn" / "model")
    source = FolderSource(dataset)
    shown = saved_evaluator(model, source).samples("val", "given", 2)
    write_gallery(shown, source.atlas(), home / "drawn" / "gallery", "drawn")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GARMENT_HOME", str(home))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        run = track(dataset, model, SWEEP)
        tracking_client().log_artifacts(run, str(home / "drawn" / "gallery"), "gallery")
    return Home(home, run)


@pytest.fixture
def copied(original, tmp_path, monkeypatch) -> Path:
    """A copy of that home, which this process looks at as a new command does: MLflow remembers places of runs."""
    shutil.copytree(original.folder, tmp_path / "a copy")
    monkeypatch.setenv("GARMENT_HOME", str(tmp_path / "a copy"))
    for name in ("MLFLOW_TRACKING_URI", "GARMENT_STORAGE", "GARMENT_OPTUNA_STORAGE"):
        monkeypatch.delenv(name, raising=False)
    _artifact_repos_cache.clear()
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


def use(home: Path, run: str, page: Path) -> None:
    """All that reads and writes artifacts: a page, a promotion, a champion, a training."""
    client = tracking_client()
    assert compare([SWEEP], page).place and "val-00000-0000" in page.read_text()
    assert not promote(SWEEP).passed  # its model was never trained; why is kept
    assert len(client.list_artifacts(run, "promotion")) == 1
    version = register(client, run, client.get_run(run).data.tags[tags.MODEL_SHA256], "for a test").version
    client.set_registered_model_alias(MODEL_NAME, CHAMPION, version)
    assert champion_folder().is_relative_to(home) and read_card(champion_folder()).epoch == 1
    base = small_config(**{"data.uri": str(home / "dataset"), "training.epochs": 1, "training.threads": 1})
    experiment = Experiment(name="promotion", description="one more", base=base, space=Space(parameters=()))
    result = train_once(experiment, base, TrainingRequest("another"), Settings.from_environment(), lambda _: None)
    fetch_model(client, result["run_id"], home / "fetched")
    assert client.get_run(result["run_id"]).data.params["data.uri"] == ".garment/dataset"


def test_a_copy_keeps_its_own_artifacts(original, copied, tmp_path):
    before = contents(original.folder)
    use(copied, original.run, tmp_path / "page.html")
    assert contents(original.folder) == before
    assert home_id(copied) == home_id(original.folder)
    new = set(contents(copied)) - set(before)
    assert any("generator.safetensors" in name and name.startswith("artifacts/") for name in new)
    assert not any(str(original.folder) in text for text in stored(copied, "runs", "artifact_uri"))
    assert not any(str(original.folder) in text for text in stored(copied, "model_versions", "source"))


def test_an_older_versions_home_is_mended_where_it_was_copied_to(original, copied, tmp_path):
    as_an_older_version_left_it(copied, original.folder)
    before = contents(original.folder)
    client = tracking_client()
    chosen = tmp_path / "elsewhere"
    other = client.create_experiment("other", artifact_location=chosen.as_uri())  # somebody's own choice
    use(copied, original.run, tmp_path / "page.html")
    assert contents(original.folder) == before
    assert client.get_experiment(other).artifact_location == chosen.as_uri()
    assert not any(text.startswith("file:") for text in stored(copied, "runs", "artifact_uri"))
    assert client.get_run(original.run).data.params["data.uri"] == ".garment/dataset"


def test_a_moved_home_finds_its_meshes(original, copied, tmp_path, monkeypatch):
    as_an_older_version_left_it(copied, copied)  # made here, and then moved: nothing is left where it was
    moved = copied.rename(tmp_path / "moved")
    monkeypatch.setenv("GARMENT_HOME", str(moved))
    run = original.run
    paths = {item.path for item in tracking_client().list_artifacts(run, "gallery")}
    assert "gallery/meshes.npz" in paths
    again = moved.rename(tmp_path / "again")
    _artifact_repos_cache.clear()
    monkeypatch.setenv("GARMENT_HOME", str(again))
    page = tmp_path / "page.html"
    compare([SWEEP], page)
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
