"""Where things are kept, in a shell and inside a submitted job."""

from pathlib import Path

import pytest

from garment_sweeps.settings.environment import JOB_MARK, Settings, cache_folder, find_home, tracking_uri
from garment_sweeps.settings.names import checked_name, dataset_uri
from garment_uv.errors import UserError

NAMES = (
    "GARMENT_HOME",
    "GARMENT_STORAGE",
    "GARMENT_OPTUNA_STORAGE",
    "RAY_ADDRESS",
    "AWS_ENDPOINT_URL_S3",
    JOB_MARK,
    "AWS_ENDPOINT_URL",
    "MLFLOW_TRACKING_URI",
)


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_nothing_set_keeps_everything_in_one_local_folder(tmp_path):
    settings = Settings.from_environment()
    assert settings.home == tmp_path / ".garment"
    assert settings.storage.uri == str(tmp_path / ".garment" / "sweeps")
    assert settings.study_url == f"sqlite:///{tmp_path}/.garment/optuna.db"
    assert settings.ray_address is None


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("GARMENT_STORAGE", "s3://key:se/cret@bucket/x"),
        ("AWS_ENDPOINT_URL_S3", "http://key:secret@store:9000"),
        ("AWS_ENDPOINT_URL", "https://store/?token=secret"),
    ],
)
def test_a_login_in_a_stores_url_is_refused_without_saying_it(monkeypatch, name, url):
    monkeypatch.setenv(name, url)
    with pytest.raises(UserError, match=f"{name} holds a login.*AWS_ACCESS_KEY_ID") as caught:
        Settings.from_environment()
    assert "cret" not in str(caught.value).replace("AWS_SECRET_ACCESS_KEY", "") and "\n" not in str(caught.value)


def test_everything_can_be_set(monkeypatch, tmp_path):
    monkeypatch.setenv("GARMENT_HOME", "here")
    monkeypatch.setenv("GARMENT_STORAGE", "s3://bucket/prefix")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000")
    monkeypatch.setenv("GARMENT_OPTUNA_STORAGE", "postgresql://u:p@db/optuna")
    monkeypatch.setenv("RAY_ADDRESS", "auto")
    settings = Settings.from_environment()
    assert settings.home == tmp_path / "here"
    assert (settings.storage.uri, settings.storage.endpoint) == ("s3://bucket/prefix", "http://127.0.0.1:9000")
    assert settings.study_url.startswith("postgresql://")
    assert settings.ray_address == "auto"


def test_a_job_never_keeps_its_home_in_its_throw_away_folder(monkeypatch, tmp_path):
    monkeypatch.setenv(JOB_MARK, "{}")
    clone = Path(__file__).resolve().parents[3]
    assert find_home() == clone / ".garment"
    assert tracking_uri() == f"sqlite:///{clone}/.garment/mlflow.db" and cache_folder().parent == find_home()
    monkeypatch.setenv("GARMENT_HOME", "/shared/garment")
    assert find_home() == Path("/shared/garment")


def test_a_job_that_runs_the_submitted_code_must_be_told_its_home(monkeypatch):
    monkeypatch.setenv(JOB_MARK, "{}")
    monkeypatch.chdir(Path(__file__).resolve().parents[3])
    with pytest.raises(UserError, match="GARMENT_HOME must be an absolute path"):
        find_home()


@pytest.mark.parametrize(
    ("uri", "resolved"),
    [
        (".garment/dataset", "/home/g/dataset"),
        ("s3://bucket/x", "s3://bucket/x"),
        ("/data/set", "/data/set"),
    ],
)
def test_dataset_uris_reach_every_node(uri, resolved):
    assert dataset_uri(uri, Path("/home/g")) == resolved


def test_other_relative_folders_become_absolute(tmp_path):
    assert dataset_uri("sets/one", Path("/home/g")) == str(tmp_path / "sets" / "one")


@pytest.mark.parametrize("name", ["", "a/b", "a'b", ".hidden", "-flag", "x" * 101, "a b", "ä%"])
def test_names_that_break_folders_or_queries_are_refused(name):
    with pytest.raises(UserError, match="a sweep's name"):
        checked_name(name)


@pytest.mark.parametrize("name", ["quickstart", "weights-2", "a.b_c"])
def test_other_names_are_fine(name):
    assert checked_name(name) == name
