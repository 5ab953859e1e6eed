"""A cluster that is not there is said at once, and not after Ray's own minutes."""

import signal
import subprocess
import sys
import threading

import pytest

from garment_sweeps.ray.session import make_token, ray_session, ray_starting
from garment_uv.errors import UserError
from tests.servers.local_ray import stop_local_ray


@pytest.fixture
def without_ray() -> None:
    """No Ray in this process, whichever tests it ran before: a connection that exists is used as it is."""
    stop_local_ray()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("127.0.0.1:9", "no Ray cluster answers at 127.0.0.1"),
        ("ray://127.0.0.1:9", "no Ray cluster answers at ray://127.0.0.1"),
        ("no-such-host.invalid:6379", "no Ray cluster answers at no-such-host.invalid:6379"),
        ("127.0.0.1:99999", "no Ray cluster answers at 127.0.0.1:99999"),
        ("http://head:8265", "a dashboard's URL: use `garment submit --address http://head:8265`"),
        ("nonsense", "no Ray cluster answers at nonsense"),
    ],
)
def test_an_address_where_no_cluster_is(address, said, without_ray):
    with pytest.raises(UserError) as caught, ray_session(address):
        pass
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_a_session_in_the_background_tells_its_error_where_ray_is_needed(without_ray):
    with ray_starting("127.0.0.1:9") as link, pytest.raises(UserError, match="no Ray cluster answers"):
        link.connect()
    with ray_starting("127.0.0.1:9", at_once=False):
        pass  # never asked for, never tried


def test_a_session_in_the_background_ends_with_its_block_and_with_its_process():
    code = """
import os, signal, sys, threading, time
from garment_sweeps.ray.session import ray_starting
from garment_uv.errors import UserError
import ray
try:
    with ray_starting(None):
        raise UserError("the name is taken")
except UserError:
    print("down", not ray.is_initialized(), flush=True)
try:
    with ray_starting(None) as link:
        link.connect()
        print(ray.get(ray.remote(lambda: 7).remote()), flush=True)
        try:
            threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGTERM)).start()
            ray.get(ray.remote(lambda: time.sleep(600)).remote())  # Ray makes of the exit one of status 1
        finally:
            time.sleep(5)  # what is to be let go takes longer than Ray's own handler of the signal allows
finally:
    print("left", not ray.is_initialized(), flush=True)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    assert ran.stdout.split() == ["down", "True", "7", "left", "True"], ran.stderr[-3000:]
    assert ran.returncode == 128 + signal.SIGTERM
    assert "handler is not set" not in ran.stderr


def test_all_that_begin_at_once_on_a_new_machine_have_one_token(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "RAY_AUTH_MODE"):
        monkeypatch.delenv(name, raising=False)
    token, seen, ready = tmp_path / ".ray" / "auth_token", [], threading.Barrier(8)

    def begin() -> None:
        ready.wait()
        make_token()
        seen.append(token.read_text())

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8 and len(set(seen)) == 1 and len(seen[0]) == 64
    assert token.stat().st_mode & 0o777 == 0o600 and list(token.parent.iterdir()) == [token]
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    token.unlink()
    assert capsys.readouterr().err == ""
    make_token()
    assert not token.exists()
    assert "warning: RAY_AUTH_MODE is disabled, and Ray listens on every interface" in capsys.readouterr().err
