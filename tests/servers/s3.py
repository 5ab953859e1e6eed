"""A real S3-compatible server on loopback for tests: Swift where it is installed, else moto, saying so."""

import sys
import tempfile
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.ports import free_port
from tests.servers.server import Server, http_answers
from tests.servers.swift import ACCESS_KEY, SECRET_KEY, missing_for_swift, swift_server


@dataclass(frozen=True)
class S3Server:
    """A running server; `environment` is what boto3's chain needs to find it."""

    endpoint: str
    access_key: str
    secret_key: str
    kind: str
    """'swift' or 'moto'."""
    server: Server | None = None
    """To kill and start again; None for moto, which keeps everything in memory."""

    def check_signatures(self, wanted: bool) -> None:
        """Has moto, which takes any credentials otherwise, check them or not; Swift always does."""
        if self.kind == "moto":
            url = f"{self.endpoint}/moto-api/reset-auth"
            data, kind = b"0" if wanted else b"inf", {"Content-Type": "text/plain"}
            request = urllib.request.Request(url, data, kind)
            urllib.request.urlopen(request, timeout=60).close()

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """Starts a server with an empty store and ends it, by process id, with the context."""
    with tempfile.TemporaryDirectory(prefix="garment-s3-") as folder:
        missing = missing_for_swift()
        if missing is None:
            with swift_server(Path(folder)) as swift:
                yield S3Server(swift.endpoint, ACCESS_KEY, SECRET_KEY, "swift", swift)
        else:
            warnings.warn(
                f"Swift not found ({missing}): S3 tests run on moto; tests/servers/install_swift.sh installs it",
                stacklevel=1,
            )
            with moto_server(Path(folder)) as moto:
                yield moto


@contextmanager
def moto_server(folder: Path) -> Iterator[S3Server]:
    """moto's server, which keeps everything in memory and logs each request in `folder`/moto.log."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = Server(folder, {"moto": command}, answers=lambda: http_answers(f"{url}/moto-api/"))
    try:
        server.start()
        yield S3Server(url, "moto", "moto", "moto")
    finally:
        server.stop()
