"""A proxy before MLflow that notes who changes what, and refuses one epoch of one trial for ever."""

import http.client
import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from garment_sweeps.tracking import tags

REFUSAL = "this epoch is never taken"
READING = ("search", "get", "list")
"""How the last word of the path of a POST begins that changes nothing."""
OWN_HEADERS = ("connection", "transfer-encoding", "content-length", "host", "keep-alive")


class RecordingProxy:
    """Passes requests on to the server at `url`; where that is away, the line is cut.

    Args:
        url: of an MLflow server.
        refused: trial and epoch whose metrics are answered with 400 whenever a batch holds them; None refuses nothing.
    """

    def __init__(self, url: str, refused: tuple[str, int] | None = None) -> None:
        self.refusals = 0
        self._server_address = urlsplit(url).netloc
        self._refused = refused
        self._refused_runs: set[str] = set()
        self._changes: dict[str, list[str]] = defaultdict(list)
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def changes_by(self, bearer: str) -> list[str]:
        """Requests other than questions that came with this token, in order."""
        return list(self._changes[bearer])

    def hear(self, bearer: str, method: str, path: str, body: bytes) -> bool:
        """Notes a request that comes in; whether it may pass."""
        place = urlsplit(path).path
        if method not in ("GET", "HEAD") and not place.rpartition("/")[2].startswith(READING):
            self._changes[bearer].append(f"{method} {place} {body[:300].decode(errors='replace')}")
        if self._refused and place.endswith("/runs/log-batch"):
            batch = json.loads(body)
            steps = {int(metric["step"]) for metric in batch.get("metrics", ())}
            if batch["run_id"] in self._refused_runs and self._refused[1] in steps:
                self.refusals += 1
                return False
        return True

    def answered(self, path: str, body: bytes, answer: bytes) -> None:
        """Learns from the server's answer which run is the refused trial's."""
        if self._refused and urlsplit(path).path.endswith("/runs/create"):
            given = {tag["key"]: tag["value"] for tag in json.loads(body).get("tags", ())}
            if given.get(tags.TRIAL) == self._refused[0]:
                self._refused_runs.add(json.loads(answer)["run"]["info"]["run_id"])

    def connect(self) -> http.client.HTTPConnection:
        """A connection of one's own to the server."""
        return http.client.HTTPConnection(self._server_address, timeout=120)

    def close(self) -> None:
        """Takes no more requests."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: RecordingProxy

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if not self.proxy.hear(bearer, self.command, self.path, body):
            refusal = json.dumps({"error_code": "INVALID_PARAMETER_VALUE", "message": REFUSAL}).encode()
            return self._answer(400, [("Content-Type", "application/json")], refusal)
        server = self.proxy.connect()
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in OWN_HEADERS}
            server.request(self.command, self.path, body, headers)
            answer = server.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException):
            self.close_connection = True
            return None
        finally:
            server.close()
        if answer.status == 200:
            self.proxy.answered(self.path, body, data)
        return self._answer(answer.status, answer.getheaders(), data)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_HEAD = _pass

    def _answer(self, status: int, headers: list[tuple[str, str]], data: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in OWN_HEADERS:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@contextmanager
def recording_proxy(url: str, refused: tuple[str, int] | None = None) -> Iterator[RecordingProxy]:
    """A running proxy, closed with the context."""
    proxy = RecordingProxy(url, refused)
    try:
        yield proxy
    finally:
        proxy.close()
