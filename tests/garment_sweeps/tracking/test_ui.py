"""The MLflow UI: on loopback unless told otherwise, and then with a password and a warning."""

import signal
import socket
import subprocess
import sys
import time
import urllib.request

import psutil
import pytest

from garment_sweeps.cli.main import main
from garment_sweeps.tracking import experiment_id_of, tracking_client, ui
from tests.servers.ports import free_port
from tests.servers.server import http_answers, lives


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GARMENT_HOME", str(tmp_path))
    for name in ("MLFLOW_TRACKING_URI", ui.PASSWORD, "MLFLOW_AUTH_CONFIG_PATH", "MLFLOW_FLASK_SERVER_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def started(monkeypatch) -> list[tuple[list[str], dict]]:
    """(command, environment) of what would have been started."""
    calls = []

    class Started:
        def __init__(self, command, env):
            calls.append((command, env))
            self.told = False

        def poll(self):
            return None

        def wait(self):
            if not self.told:
                raise KeyboardInterrupt

        def terminate(self):
            self.told = True

    monkeypatch.setattr(subprocess, "Popen", Started)
    monkeypatch.setattr(ui, "answers", lambda host, port: True)
    monkeypatch.setattr(ui, "tracking_client", lambda: None)
    return calls


def test_it_is_on_loopback_unless_told_otherwise(started, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["ui"])
    assert ended.value.code == 0
    ((command, environment),) = started
    assert command[command.index("--host") + 1] == "127.0.0.1" and "--app-name" not in command
    assert capsys.readouterr().err == ""
    assert all(ui.is_loopback(host) for host in ("127.0.0.1", "localhost", "::1", "127.1.2.3"))
    assert not any(ui.is_loopback(host) for host in ("0.0.0.0", "::", "10.0.0.7", "example.org", ""))


@pytest.mark.parametrize("password", [None, "password1"])
def test_elsewhere_it_does_not_start_without_a_password_worth_the_name(started, monkeypatch, capsys, password):
    if password:
        monkeypatch.setenv(ui.PASSWORD, password)
    assert main(["ui", "--host", "0.0.0.0"]) == 1
    assert started == []
    said = capsys.readouterr().err
    assert "others could reach MLflow" in said and said.count("\n") == 1 and (password or "none") not in said


def test_elsewhere_it_asks_for_the_password_and_says_what_is_open(started, monkeypatch, capsys, home):
    monkeypatch.setenv(ui.PASSWORD, "correct-horse-battery")
    with pytest.raises(SystemExit):
        main(["ui", "--host", "0.0.0.0", "--port", "5077"])
    ((command, environment),) = started
    assert command[-2:] == ["--app-name", "basic-auth"] and "correct-horse" not in " ".join(command)
    assert len(environment["MLFLOW_FLASK_SERVER_SECRET_KEY"]) == 64
    users = (home / "mlflow_auth.ini").read_text()
    assert environment["MLFLOW_AUTH_CONFIG_PATH"] == str(home / "mlflow_auth.ini")
    assert "correct-horse" not in users and str(home) in users
    said = capsys.readouterr()
    assert "warning: MLflow listens on 0.0.0.0:5077" in said.err and "not encrypted" in said.err
    assert "correct-horse" not in said.err + said.out


def test_a_port_that_is_taken_is_said_before_any_address(started, monkeypatch, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port()))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["ui", "--port", str(port)]) == 1
    said = capsys.readouterr()
    assert said.out == "" and said.err == (
        f"garment: 127.0.0.1:{port} is taken, by another server perhaps: give another --port\n"
    )
    monkeypatch.setenv(ui.PASSWORD, "correct-horse-battery")
    assert main(["ui", "--host", "192.0.2.1"]) == 1  # an address of no machine
    assert started == [] and "give another --port or --host" in capsys.readouterr().err


def test_a_server_that_ends_by_itself_is_an_error(monkeypatch, capsys):
    monkeypatch.setattr(ui, "tracking_client", lambda: None)
    monkeypatch.setattr(ui, "server_command", lambda port, host: [sys.executable, "-c", "raise SystemExit(3)"])
    assert main(["ui", "--port", str(free_port())]) == 1
    said = capsys.readouterr()
    assert said.out == "" and "ended by itself (status 3)" in said.err and said.err.count("\n") == 1


def heed_interrupts() -> None:
    """What a shell runs in the background ignores SIGINT, and so would all that the tests start there."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.servers
@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_the_server_ends_with_the_command(home, told):
    port, client = free_port(), tracking_client()
    run = client.create_run(experiment_id_of(client, "local")).info.run_id
    client.log_text(run, "kept in the home", "a.txt")
    command = [sys.executable, "-m", "garment_sweeps.cli.main", "ui", "--port", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, **quiet, preexec_fn=heed_interrupts)
    servers: list[psutil.Process] = []
    try:
        end = time.monotonic() + 600
        while not http_answers(f"http://127.0.0.1:{port}/health"):
            assert process.poll() is None and time.monotonic() < end
            time.sleep(0.1)
        servers = psutil.Process(process.pid).children(recursive=True)
        kept = f"http://127.0.0.1:{port}/get-artifact?path=a.txt&run_uuid={run}"
        assert urllib.request.urlopen(kept, timeout=60).read() == b"kept in the home"
        process.send_signal(told)
        assert process.wait(timeout=600) == 0
        while any(lives(server) for server in servers):
            assert time.monotonic() < end
            time.sleep(0.1)
    finally:
        process.kill()
        for server in filter(lives, servers):
            server.kill()
