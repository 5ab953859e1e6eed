"""A proxy before an S3-compatible server that delays, cuts, corrupts and refuses, and counts what was asked for.

What befalls a request is decided by the seed, what it asks for, and the how-many-th time it is asked: two runs that
make the same requests meet the same faults, in whatever order their threads make them. Listings and refusals are never
corrupted, since S3 has no checksum for them; the bytes of objects are, on their way up and down.
"""

import hashlib
import http.client
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from urllib.parse import urlsplit

DELAY_S = 0.2
ERROR = "<?xml version='1.0'?><Error><Code>{}</Code><Message>Please ask again.</Message></Error>"
FAULTS = {
    "delay": "the answer comes late",
    "slow_down": "503 SlowDown, the server never hears of it",
    "conflict": "409 ConditionalRequestConflict where a write is conditional, as S3 says when two overlap",
    "cut": "the line is cut in the middle of the answer's body",
    "corrupt": "a byte of the answer's body is another one",
    "refuse": "the line is cut before the server hears of it",
    "lose_answer": "the server does it, and the line is cut before its answer",
    "corrupt_up": "a byte of what is uploaded is another one",
}
"""What can befall a request."""


class FaultProxy:
    """Passes requests on to `endpoint`, each with a fault of probability `rates[fault]`; none at first.

    `asked` counts requests by (method, path), `faults` what befell them.
    """

    def __init__(self, endpoint: str, seed: int = 0) -> None:
        self.seed = seed
        self.rates: dict[str, float] = {}
        self.asked: Counter[tuple[str, str]] = Counter()
        self.faults: Counter[str] = Counter()
        self._server_address = urlsplit(endpoint).netloc
        self._times: Counter[tuple] = Counter()
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def set_faults(self, **rates: float) -> None:
        """Probabilities of faults from here on; those that are not named do not happen."""
        unknown = set(rates) - set(FAULTS)
        if unknown:
            raise ValueError(f"unknown faults {sorted(unknown)}; known are {', '.join(FAULTS)}")
        self.rates = rates

    def fault_of(self, method: str, path: str, part: str) -> str:
        """What shall befall a request, counted; empty for nothing."""
        with self._lock:
            self.asked[method, urlsplit(path).path] += 1
            self._times[method, path, part] += 1
            name = f"{self.seed} {method} {path} {part} {self._times[method, path, part]}"
            drawn = Random(hashlib.sha256(name.encode()).digest()).random()
            for fault, rate in self.rates.items():
                if drawn < rate:
                    self.faults[fault] += 1
                    return fault
                drawn -= rate
            return ""

    def connect(self) -> http.client.HTTPConnection:
        """A connection of one's own to the server."""
        return http.client.HTTPConnection(self._server_address, timeout=60)

    def close(self) -> None:
        """Takes no more requests."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    proxy: FaultProxy

    def _pass(self) -> None:
        body = self._body()
        fault = self.proxy.fault_of(self.command, self.path, self.headers.get("Range", ""))
        if fault == "delay":
            time.sleep(DELAY_S)
        if fault == "slow_down":
            self._refuse(503, "SlowDown")
            return
        if fault == "conflict" and "If-None-Match" in self.headers:
            self._refuse(409, "ConditionalRequestConflict")
            return
        if fault == "refuse":
            self._cut()
            return
        server = self.proxy.connect()
        try:
            server.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() != "expect":
                    server.putheader(name, value)
            server.endheaders(_damaged(body, bit=1) if fault == "corrupt_up" else body)
            answer = server.getresponse()
            data = answer.read()
        finally:
            server.close()
        if fault == "lose_answer":
            self._cut()
            return
        of_object = answer.status in (200, 206) and "xml" not in answer.headers.get("Content-Type", "xml")
        if fault == "corrupt" and of_object:
            data = _damaged(data, bit=2)
        self._answer(answer.status, answer.getheaders(), data, cut=fault == "cut")

    def _body(self) -> bytes:
        """What came with the request; of one in chunks, which pyarrow sends, it is passed on as a whole."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        del self.headers["Transfer-Encoding"]
        self.headers["Content-Length"] = str(len(body))
        return body

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass

    def _refuse(self, status: int, code: str) -> None:
        data = b"" if self.command == "HEAD" else ERROR.format(code).encode()
        self._answer(status, [("Content-Type", "application/xml")], data)

    def _answer(self, status: int, headers: list[tuple[str, str]], data: bytes, cut: bool = False) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        length = dict((name.lower(), value) for name, value in headers).get("content-length", len(data))
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if cut and len(data) > 1:
            self.wfile.write(data[: len(data) // 2])
            self._cut()
        else:
            self.wfile.write(data)

    def _cut(self) -> None:
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


def _damaged(data: bytes, bit: int) -> bytes:
    """The data with one bit turned; of another place in a byte on the way up than down, so that two do not cancel."""
    at = len(data) // 3
    return data[:at] + bytes(byte ^ bit for byte in data[at : at + 1]) + data[at + 1 :]


@contextmanager
def fault_proxy(endpoint: str, seed: int = 0) -> Iterator[FaultProxy]:
    """A running proxy, closed with the context."""
    proxy = FaultProxy(endpoint, seed)
    try:
        yield proxy
    finally:
        proxy.close()
