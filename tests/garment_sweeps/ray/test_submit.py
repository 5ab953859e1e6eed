"""What is sent to a cluster, and what is said of it; `test_job_submission.py` sends it to a real one."""

import pytest

from garment_sweeps.cli.main import main
from garment_sweeps.ray import submit
from garment_sweeps.tracking.code_state import code_state
from garment_uv.errors import UserError


def test_what_is_large_and_stays_behind_does_not_count(tmp_path, monkeypatch):
    monkeypatch.setattr(submit, "LIMIT_BYTES", 1000)
    (tmp_path / "code.py").write_bytes(b"x" * 500)
    for name in (".garment", ".venv", ".git"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "big").write_bytes(b"x" * 5000)
    assert submit.check_size(tmp_path) == 500


def test_a_folder_that_ray_would_refuse_is_refused_with_its_largest_files(tmp_path, monkeypatch):
    monkeypatch.setattr(submit, "LIMIT_BYTES", 1000)
    (tmp_path / "weights.bin").write_bytes(b"x" * 5000)
    with pytest.raises(UserError, match="weights.bin"):
        submit.check_size(tmp_path)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://127.0.0.1:9", "no Ray dashboard answers"),
        ("http://[::1", "no Ray dashboard answers"),
        ("head:8265", "URL of the cluster's dashboard, as http://head:8265; given: 'head:8265'"),
        ("ray://head:10001", "URL of the cluster's dashboard"),
        ("", "URL of the cluster's dashboard"),
    ],
)
def test_an_address_where_no_dashboard_is_is_said_in_one_line(tmp_path, address, said):
    with pytest.raises(UserError, match=said) as caught:
        submit.submit(address, ["quickstart"], {}, folder=tmp_path)
    assert "\n" not in str(caught.value)


def test_settings_travel_with_the_job_but_passwords_and_folders_of_this_machine_do_not():
    sent, notes = submit.settings_to_send(
        {
            "GARMENT_STORAGE": "s3://bucket/x",
            "MLFLOW_TRACKING_URI": "http://mlflow:5000",
            "GARMENT_OPTUNA_STORAGE": "postgresql://me:secret@db/optuna",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_ENDPOINT_URL_S3": "",
        }
    )
    assert sent == {"GARMENT_STORAGE": "s3://bucket/x", "MLFLOW_TRACKING_URI": "http://mlflow:5000"}
    (note,) = notes
    assert "GARMENT_OPTUNA_STORAGE holds a password" in note and "secret" not in note
    sent, notes = submit.settings_to_send({"GARMENT_STORAGE": "here", "GARMENT_OPTUNA_STORAGE": "postgresql://db/o"})
    assert sent == {"GARMENT_OPTUNA_STORAGE": "postgresql://db/o"} and "'here', a folder of this machine" in notes[0]
    assert submit.settings_to_send({"MLFLOW_TRACKING_URI": "postgresql://db/m?password=x"})[0] == {}


@pytest.fixture
def sent(monkeypatch):
    """What `garment submit` would send: (arguments, environment, preflight_only); nothing is sent."""
    calls = []

    def take(address, arguments, environment, preflight_only=False):
        calls.append((arguments, environment, preflight_only))
        return "job1"

    monkeypatch.setattr(submit, "submit", take)
    monkeypatch.setattr(submit, "follow", lambda address, job, write: ("FAILED", "the cluster is not ready: x; y"))
    for name in submit.SENT:
        monkeypatch.delenv(name, raising=False)
    return calls


def test_every_option_reaches_the_sweep(sent, monkeypatch, capsys):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow:5000")
    monkeypatch.setenv("GARMENT_OPTUNA_STORAGE", "postgresql://me:secret@db/optuna")
    options = "--name n --trials 3 --budget-gpu-hours 1.5 --budget-hours 2.0 --warm-start a --warm-start b --resume"
    more = ["--set", "loss.uv=2", "--env", "MLFLOW_TRACKING_URI=http://other:5000", "--no-wait"]
    assert main(["submit", "quickstart", "--address", "http://h:1", *options.split(), *more]) == 0
    ((arguments, environment, preflight_only),) = sent
    assert arguments[0] == "quickstart" and arguments[-1] == "--resume" and not preflight_only
    assert set(options.split()) | {"--set", "loss.uv=2"} == set(arguments) - {"quickstart"}
    assert arguments.count("--warm-start") == 2
    code = environment.pop("GARMENT_GIT_COMMIT", "unknown"), environment.pop("GARMENT_GIT_DIFF", "")
    assert code[0] == code_state().commit  # the job has no git to ask
    assert environment == {"MLFLOW_TRACKING_URI": "http://other:5000"}
    assert "GARMENT_OPTUNA_STORAGE holds a password" in capsys.readouterr().out


def test_a_job_that_fails_is_said_with_its_own_line(sent, capsys):
    assert main(["submit", "quickstart", "--address", "http://h:1", "--set", "loss.uv=2", "--preflight-only"]) == 1
    ((arguments, _, preflight_only),) = sent
    assert arguments == ["quickstart", "loss.uv=2"] and preflight_only
    said = capsys.readouterr().err
    assert said == "garment: job job1 ended as FAILED: the cluster is not ready: x; y\n"
