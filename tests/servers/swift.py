"""OpenStack Swift with its S3 front on loopback: a real store with real signatures, for tests."""

import getpass
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_path

from tests.servers.ports import answers, free_port
from tests.servers.server import Server, http_answers

ACCESS_KEY, SECRET_KEY = "test:tester", "testing"

_PIPELINE = (
    "catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth copy slo versioned_writes symlink"
)
_DEFAULT = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
workers = 0
user = {user}
log_level = ERROR
disable_fallocate = true
[pipeline:main]
pipeline = {pipeline}
[app:{app}]
use = egg:swift#{kind}
"""
_PROXY = """account_autocreate = true
allow_account_management = true
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{memcached}
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:s3api]
use = egg:swift#s3api
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
"""
_PLAIN_FILTERS = ("catch_errors", "gatekeeper", "healthcheck", "listing_formats", "bulk", "copy", "slo", "symlink")


def swift_venv() -> Path:
    """Where `install_swift.sh` puts Swift: GARMENT_SWIFT_VENV, else below the user's cache folder."""
    named = os.environ.get("GARMENT_SWIFT_VENV")
    return Path(named) if named else user_cache_path("garment-sweeps") / "swift-venv"


def missing_for_swift() -> str | None:
    """What Swift lacks on this machine, or None when it can run."""
    if not (swift_venv() / "bin" / "swift-proxy-server").is_file():
        return f"no Swift in {swift_venv()}"
    return None if shutil.which("memcached") else "no memcached"


class Swift(Server):
    """memcached and Swift's four servers, with all their data in `folder`."""

    def __init__(self, folder: Path) -> None:
        ports = {name: free_port() for name in ("account", "container", "object", "proxy", "memcached")}
        _configure(folder, ports)
        memcached = ["memcached", "-l", "127.0.0.1", "-p", str(ports["memcached"]), "-U", "0", "-m", "64"]
        if os.geteuid() == 0:
            memcached += ["-u", "root"]
        commands = {"memcached": memcached}
        for kind in ("account", "container", "object", "proxy"):
            program = str(swift_venv() / "bin" / f"swift-{kind}-server")
            commands[kind] = [program, str(folder / f"{kind}.conf"), "-v"]
        self.endpoint = f"http://127.0.0.1:{ports['proxy']}"
        super().__init__(folder, commands, self._all_answer)
        self._ports = ports

    def _all_answer(self) -> bool:
        """The proxy says that it is well also while those behind it still start."""
        return http_answers(f"{self.endpoint}/healthcheck") and all(answers(port) for port in self._ports.values())


@contextmanager
def swift_server(folder: Path) -> Iterator[Swift]:
    """A running Swift; ends it with the context."""
    server = Swift(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _configure(folder: Path, ports: dict[str, int]) -> None:
    (folder / "devices" / "d1").mkdir(parents=True)
    (folder / "swift.conf").write_text(
        "[swift-hash]\nswift_hash_path_suffix = tests\n[storage-policy:0]\nname = one\ndefault = yes\n"
    )
    common = {"folder": folder, "user": getpass.getuser()}
    for kind in ("account", "container", "object"):
        text = _DEFAULT.format(**common, port=ports[kind], app=f"{kind}-server", kind=kind, pipeline=f"{kind}-server")
        (folder / f"{kind}.conf").write_text(text)
    text = _DEFAULT.format(
        **common, port=ports["proxy"], app="proxy-server", kind="proxy", pipeline=f"{_PIPELINE} proxy-server"
    )
    text += _PROXY.format(memcached=ports["memcached"])
    text += "".join(f"[filter:{name}]\nuse = egg:swift#{name}\n" for name in _PLAIN_FILTERS)
    (folder / "proxy.conf").write_text(text)
    rings = [str(ports[kind]) for kind in ("account", "container", "object")]
    script = Path(__file__).with_name("swift_rings.py")
    # -I: this folder must not stand on the path, where swift.py would hide the package.
    command = [swift_venv() / "bin" / "python", "-I", script, folder, *rings]
    made = subprocess.run(command, capture_output=True, text=True)
    if made.returncode:
        raise RuntimeError(f"Swift's rings could not be made: {made.stderr[-2000:]}")
