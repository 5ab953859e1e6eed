"""A proxy before a real MLflow server that refuses what a test says, and passes on everything else.

`proxy.refuse(writes_of("t00003"))` answers 400 to whatever is written about that trial, and
`proxy.refuse(uploads, status=413, text="too large")` is a server in between that takes no large files.
"""

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

READS = ("/search", "/get", "/list", "/get-by-name", "/get-history", "/get-history-bulk-interval")


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    body: bytes

    @property
    def writes(self) -> bool:
        """Whether it would change anything."""
        return self.method != "GET" and not urlsplit(self.path).path.endswith(READS)


Rule = Callable[[Asked], bool]


class RefusingProxy:
    """Answers what a rule holds of as MLflow refuses, as often as it is asked; `refused` are those requests."""

    def __init__(self, server: str) -> None:
        self.refused: list[Asked] = []
        self._server = urlsplit(server).netloc
        self._rule: Rule = lambda asked: False
        self._status, self._answer = 400, b""
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._listening = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._listening.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._listening.server_address[1]}"
        threading.Thread(target=self._listening.serve_forever, daemon=True).start()

    def refuse(self, rule: Rule, status: int = 400, text: str = "", code: str = "INVALID_PARAMETER_VALUE") -> None:
        """Refuses from here on what `rule` holds of, and nothing else.

        Args:
            status: of the answer.
            text: the answer, as a server before MLflow gives it; without one it is MLflow's own.
            code: MLflow's word for what is wrong.
        """
        own = json.dumps({"error_code": code, "message": "the proxy of this test refuses that"})
        self._status, self._answer, self._rule = status, (text or own).encode(), rule

    def allow(self) -> None:
        """Refuses nothing more."""
        self.refuse(lambda asked: False)

    def close(self) -> None:
        """Takes no more requests."""
        self._listening.shutdown()
        self._listening.server_close()

    def answer(self, asked: Asked, headers: list[tuple[str, str]]) -> tuple[int, list[tuple[str, str]], bytes]:
        """Status, headers and body of the answer to a request; 502 where the server is away."""
        if self._rule(asked):
            self.refused.append(asked)
            return self._status, [("Content-Type", "application/json")], self._answer
        server = http.client.HTTPConnection(self._server, timeout=120)
        try:
            server.putrequest(asked.method, asked.path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers:
                if name.lower() not in ("host", "transfer-encoding", "content-length", "connection"):
                    server.putheader(name, value)
            server.putheader("Host", self._server)
            server.putheader("Content-Length", str(len(asked.body)))
            server.endheaders(asked.body)
            found = server.getresponse()
            return found.status, found.getheaders(), found.read()
        except OSError:
            return 502, [("Content-Type", "text/plain")], b"the server is away"
        finally:
            server.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: RefusingProxy

    def _pass(self) -> None:
        asked = Asked(self.command, self.path, self._body())
        status, headers, data = self.proxy.answer(asked, self.headers.items())
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = _pass

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


def writes_of(trial: str) -> Rule:
    """Whatever is written about that trial, beginning with its run, which therefore is never made."""
    return lambda asked: asked.writes and trial.encode() in asked.body


def uploads(asked: Asked) -> bool:
    """Files that become artifacts."""
    return asked.method == "PUT" and "/mlflow-artifacts/" in asked.path


@contextmanager
def refusing_proxy(server: str) -> Iterator[RefusingProxy]:
    """A running proxy before the MLflow server at that URL, closed with the context."""
    proxy = RefusingProxy(server)
    try:
        yield proxy
    finally:
        proxy.close()
