"""What a sweep leaves behind: no password of its services anywhere, and in every run where its numbers come from."""

import os
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest

from garment_sweeps.ray.probe import check_tracking
from garment_sweeps.settings.environment import Settings
from garment_sweeps.settings.urls import without_password
from garment_sweeps.tracking import tags, tracking_client
from garment_sweeps.tracking.runs import find_sweep, trials_of
from tests.garment_sweeps.sweeping import run_sweep
from tests.servers.local_ray import own_ray
from tests.servers.mlflow import mlflow_server
from tests.servers.postgres import missing_for_postgres, postgres_server

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.servers,
    pytest.mark.skipif(missing_for_postgres() is not None, reason=str(missing_for_postgres())),
]
ROOT = Path(__file__).resolve().parents[3]
MLFLOW_PASSWORD = "correct/horse@battery"
STUDY_PASSWORD = "aB3/kept+well==/9"
"""As base64 makes them; SQLAlchemy takes the slashes as they are."""


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Folders in which the services, the sweep and Ray write; the logins stand in the URLs alone."""
    import ray

    servers = tmp_path / "servers"
    servers.mkdir()
    with mlflow_server(servers, MLFLOW_PASSWORD) as url, postgres_server() as postgres:
        for name in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "RAY_ADDRESS", "GARMENT_STORAGE"):
            monkeypatch.delenv(name, raising=False)
        login = f"admin:{quote(MLFLOW_PASSWORD, safe='')}"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", url.replace("://", f"://{login}@"))
        monkeypatch.setenv("GARMENT_OPTUNA_STORAGE", postgres.url.replace("@", f":{STUDY_PASSWORD}@"))
        monkeypatch.setenv("GARMENT_HOME", str(tmp_path / "home"))
        with own_ray():
            yield [tmp_path, Path(ray._private.worker.global_worker.node.get_session_dir_path())]


def test_no_password_in_a_url_is_kept_and_every_run_names_the_code(places, experiment, tmp_path, capfd, monkeypatch):
    file = tmp_path / "mine.py"
    file.write_text("# the experiment's own text\n")
    settings = Settings.from_environment()
    experiment = experiment.with_values({"trials": 4})
    report = run_sweep(experiment, settings=settings, work="tabulated", experiment_file=file)
    assert report.ended == 4
    client = tracking_client()
    sweep = find_sweep(client, experiment.name)
    trials = trials_of(client, sweep)
    assert len(trials) == 4 and all(run.info.status != "RUNNING" for run in (sweep, *trials))

    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    for run in (sweep, *trials):
        commit = run.data.tags["mlflow.source.git.commit"]
        assert commit.removesuffix("+changes") == (head or "unknown")
        assert run.data.tags["mlflow.source.name"] == str(file)
        assert run.data.tags[tags.SOURCE] == sweep.data.tags[tags.SOURCE]
    kept = client.download_artifacts(sweep.info.run_id, f"{sweep.data.tags[tags.SOURCE]}/experiment.py")
    assert Path(kept).read_text() == file.read_text()

    handed_on = without_password(os.environ["MLFLOW_TRACKING_URI"])
    assert check_tracking(handed_on) == {}  # a node with the login in its own environment
    with monkeypatch.context() as elsewhere:
        elsewhere.delenv("MLFLOW_TRACKING_URI")
        with pytest.raises(ValueError, match="status 401"):
            check_tracking(handed_on)

    out, err = capfd.readouterr()
    seen = {"said": (out + err).encode()}
    seen |= {str(path): path.read_bytes() for folder in places for path in folder.rglob("*") if path.is_file()}
    assert any("/sweeps/table/" in name for name in seen) and any("raylet" in name for name in seen)
    forms = {form.encode() for word in (MLFLOW_PASSWORD, STUDY_PASSWORD) for form in (word, quote(word, safe=""))}
    assert not [(name, form) for name, content in seen.items() for form in forms if form in content]
