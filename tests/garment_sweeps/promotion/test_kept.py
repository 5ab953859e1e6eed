"""The champion on this machine: one download, which nobody writes into again, however many ask and whatever died."""

import os
import shutil
import threading
from pathlib import Path

import pytest

from garment_sweeps.promotion import champion_folder
from garment_sweeps.promotion.champion import CHAMPION, MODEL_NAME, keep_model, register
from garment_sweeps.tracking import tags, tracking_client
from garment_sweeps.tracking.model_artifact import weights_sha256
from garment_uv.errors import UserError
from garment_uv.training.model_file import load_model


@pytest.fixture
def tracked(trained_home, tmp_path, monkeypatch):
    """The trained models, with this process looking at a copy of the records and artifacts."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(trained_home.home / "mlflow.db", home)
    shutil.copytree(trained_home.home / "artifacts", home / "artifacts")
    monkeypatch.setenv("GARMENT_HOME", str(home))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return trained_home


@pytest.fixture
def place(tmp_path) -> Path:
    """Where models are kept."""
    return tmp_path / "models"


@pytest.fixture
def downloads(monkeypatch) -> list[str]:
    """Every download that a client was asked for."""
    asked, client = [], type(tracking_client())
    original = client.download_artifacts

    def counted(self, run_id, *rest):
        asked.append(run_id)
        return original(self, run_id, *rest)

    monkeypatch.setattr(client, "download_artifacts", counted)
    return asked


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of change of every file: another one was written wherever they differ."""
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in sorted(folder.rglob("*"))}


def test_the_champion_is_downloaded_once_and_its_files_are_never_written_again(tracked, downloads):
    client = tracking_client()
    sha256 = client.get_run(tracked.runs["good"]).data.tags[tags.MODEL_SHA256]
    version = register(client, tracked.runs["good"], sha256, "")
    client.set_registered_model_alias(MODEL_NAME, CHAMPION, str(version.version))
    folder = champion_folder()
    before = contents(folder)
    assert champion_folder() == folder and contents(folder) == before
    assert len(downloads) == 1 and folder.name == sha256 == weights_sha256(folder)
    load_model(folder)


def test_many_who_ask_at_once_get_one_download(tracked, downloads, place):
    found, start = [], threading.Barrier(6)

    def ask() -> None:
        start.wait()
        folder = keep_model(tracking_client(), tracked.runs["poor"], place)
        found.append((folder, weights_sha256(folder)))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6 and len(set(found)) == 1 and len(downloads) == 1
    assert {path.suffix for path in place.iterdir()} == {"", ".lock"}


def test_a_damaged_copy_is_replaced_while_its_reader_keeps_the_old_files(tracked, place):
    folder = keep_model(tracking_client(), tracked.runs["poor"], place)
    weights = next(folder.glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1])
    (place / f"{folder.name}.partial").mkdir()  # of a process that was killed
    with open(weights, "rb") as reader:
        assert keep_model(tracking_client(), tracked.runs["poor"], place) == folder
        assert os.fstat(reader.fileno()).st_ino != weights.stat().st_ino
    assert weights_sha256(folder) == folder.name
    assert {path.suffix for path in place.iterdir()} == {"", ".lock"}


def test_what_cannot_be_kept_is_refused_in_one_line_and_leaves_nothing(tracked, tmp_path, place):
    with pytest.raises(UserError, match="kept no model"):
        keep_model(tracking_client(), tracked.runs["stopped"], place)
    assert not place.exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot keep a model in .*; set GARMENT_HOME"):
        keep_model(tracking_client(), tracked.runs["poor"], tmp_path / "file")
