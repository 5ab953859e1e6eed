"""The command line: help with examples, one line for what went wrong, nothing imported that is not needed."""

import subprocess
import sys

import pytest

from garment_sweeps.cli.data import COMMANDS as DATA_COMMANDS
from garment_sweeps.cli.main import COMMANDS, main

ALL = [*((name,) for name in COMMANDS), *(("data", name) for name in DATA_COMMANDS)]


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("GARMENT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path / "home"


@pytest.mark.parametrize("command", ALL, ids=" ".join)
def test_every_command_has_help_with_an_example(command, capsys):
    assert main([*command, "--help"]) == 0
    said = capsys.readouterr().out
    assert f"Usage: garment {' '.join(command)}" in said
    assert "Example:" in said and f"garment {' '.join(command)}" in said.partition("Example:")[2]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["nope"], 2, "no command 'nope'; there is data, train, train-body, sweep"),
        (["sweep"], 2, "name the EXPERIMENT to run, or a LOG with --replay"),
        (["sweep", "quickstart", "--nope"], 2, "--nope"),
        (["sweep", "quickstart", "--trials", "0"], 2, "0 is not in the range"),
        (["sweep", "nope"], 1, "no experiment 'nope': there is default_parts, local_branches, loss_weights"),
        (["sweep", "quickstart", "--set", "loss.uv=-1"], 1, "was given -1"),
        (["sweep", "quickstart", "--set", "loss.nope=1"], 1, "loss has adversarial"),
        (["sweep", "quickstart", "--set", "loss.uv"], 1, "--set takes path=value"),
        (["sweep", "quickstart", "--name", "a b"], 1, "a sweep's name takes"),
        (["sweep", "quickstart", "--budget-gpu-hours", "-3"], 1, "gpu_hours"),
        (["sweep", "quickstart", "--set", "data.uri=/nothing/here"], 1, "no dataset at /nothing/here"),
        (["train", "quickstart", "--set", "data.uri=/nothing/here"], 1, "no dataset at /nothing/here"),
        (["train-body", "--data", "/nothing/here", "--out", "x"], 1, "no dataset at /nothing/here"),
        (["train-body", "--data", "x", "--out", "x", "--set", "epochs=0"], 1, "was given 0"),
        (["reconstruct", "p.png", "--out", "m.glb", "--model", "/nothing"], 1, "it has no model.json"),
        (["reconstruct", "p.png", "--out", "m.glb", "--box", "1,2,3"], 1, "--box takes LEFT,TOP,RIGHT,BOTTOM"),
        (["reconstruct", "p.png", "--out", "m.glb", "--body", "b", "--box", "1,2,3,4"], 1, "--body says it all"),
        (["evaluate", "--data", "x", "--meshes", "m", "--body", "perturbed"], 1, "--body is for one --model"),
        (["data", "verify", "/nothing/here"], 1, "no dataset at /nothing/here"),
        (["submit", "quickstart", "--address", "http://127.0.0.1:9"], 1, "no Ray dashboard answers"),
        (["submit", "quickstart", "--address", "http://127.0.0.1:9", "--env", "x"], 1, "--env takes NAME=VALUE"),
    ],
)
def test_what_a_user_can_mend_is_one_line_on_stderr(arguments, status, said, capsys, home):
    assert main(arguments) == status
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.startswith("garment: ") and captured.err.count("\n") == 1
    assert captured.out == ""
    assert not list(home.rglob("*.db"))  # nothing half-written


def test_a_traceback_only_with_debug(capsys):
    assert main(["sweep", "nope", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_fault_of_ours_is_one_line_too(monkeypatch, capsys):
    import garment_sweeps.experiment.load as overrides

    def fail(*arguments):
        raise RuntimeError("first\nsecond")

    monkeypatch.setattr(overrides, "load_experiment", fail)
    assert main(["sweep", "quickstart"]) == 1
    said = capsys.readouterr().err
    assert "RuntimeError: first (this is a fault of garment" in said and said.count("\n") == 1


@pytest.mark.parametrize("debug", [[], ["--debug"]])
def test_no_secret_is_in_what_is_said_of_an_error(monkeypatch, capsys, debug):
    import garment_sweeps.experiment.load as overrides

    def fail(*arguments):
        raise RuntimeError("no answer from postgresql://me:pa55word@db/x with key verysecretkey")

    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "verysecretkey")
    monkeypatch.setattr(overrides, "load_experiment", fail)
    assert main(["sweep", "quickstart", *debug]) == 1
    said = capsys.readouterr().err
    assert "postgresql://***@db/x" in said and "pa55word" not in said and "verysecretkey" not in said


def test_without_a_command_the_help_is_shown(capsys):
    assert main([]) == 2
    assert "Commands:" in capsys.readouterr().out


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from garment_sweeps.cli.main import main; main(['--help']); "
        "print([m for m in ('torch', 'ray', 'mlflow', 'optuna', 'numpy', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_doctor_names_what_it_looked_at(capsys):
    main(["doctor"])
    said = capsys.readouterr().out
    for name in ("python", "torch", "ray", "mlflow", "memory", "disk", "open body", "study database", "ray cluster"):
        assert name in said
