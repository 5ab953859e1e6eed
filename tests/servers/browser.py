"""Chromium without a window, driven through its DevTools protocol, for tests of pages and for measuring them.

The protocol is JSON over a WebSocket (https://chromedevtools.github.io/devtools-protocol/), for which aiohttp, which
Ray's dashboard brings along, is enough.
"""

import asyncio
import base64
import io
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MISSING = "no Chromium on this machine: apt-get install chromium to run this test"
OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --use-gl=angle --use-angle=swiftshader --enable-unsafe-swiftshader "
    "--hide-scrollbars --remote-debugging-port=0"
).split()
NO_NETWORK = "--host-resolver-rules=MAP * ~NOTFOUND"
"""Names of hosts are not resolved: whatever a page asks of the network fails."""
STARTED_WITHIN_S = 600.0


class Page:
    """The browser's one page."""

    def __init__(self, loop: asyncio.AbstractEventLoop, socket: Any) -> None:
        self._loop, self._socket, self._number = loop, socket, 0
        self.requests: list[str] = []
        """URLs that were asked for since the browser began."""
        self.problems: list[str] = []
        """Errors that scripts left uncaught."""
        for domain in ("Page", "Network", "Runtime"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command of the protocol, and its result."""
        return self._loop.run_until_complete(asyncio.wait_for(self._call(method, parameters), 600))

    def open(self, url: str) -> None:
        """Goes there; returns once the document is parsed and its resources are there."""
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, of a promise once it is kept."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise AssertionError(found["exceptionDetails"]["exception"].get("description", found))
        return found["result"].get("value")

    def wait(self, expression: str, seconds: float = 600.0) -> Any:
        """Waits until an expression is true and returns its value; AssertionError after so many seconds."""
        end = time.monotonic() + seconds
        while True:
            if value := self.evaluate(expression):
                return value
            if time.monotonic() > end:
                raise AssertionError(f"not true within {seconds:g} s: {expression}; problems: {self.problems}")
            time.sleep(0.05)

    def drag(self, start: tuple[float, float], by: tuple[float, float], steps: int = 4) -> None:
        """Presses the left button at a place of the window, in CSS px, moves it in steps, and lets go."""
        x, y = start
        self._mouse("mousePressed", x, y, 1)
        for step in range(1, steps + 1):
            self._mouse("mouseMoved", x + by[0] * step / steps, y + by[1] * step / steps, 1)
        self._mouse("mouseReleased", x + by[0], y + by[1], 0)

    def picture(self) -> np.ndarray:
        """What the window shows, int [H, W, 3]."""
        data = self.call("Page.captureScreenshot", format="png")["data"]
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")).astype(int)

    def _mouse(self, kind: str, x: float, y: float, buttons: int) -> None:
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=buttons, clickCount=1)

    async def _call(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        while True:
            message = json.loads((await self._socket.receive()).data)
            if message.get("id") == self._number:
                if "error" in message:
                    raise AssertionError(f"{method}: {message['error']['message']}")
                return message["result"]
            self._note(message)

    def _note(self, event: dict[str, Any]) -> None:
        if event["method"] == "Network.requestWillBeSent":
            self.requests.append(event["params"]["request"]["url"])
        if event["method"] == "Runtime.exceptionThrown":
            self.problems.append(event["params"]["exceptionDetails"]["exception"].get("description", ""))


@contextmanager
def browser(folder: Path, width: int = 1400, height: int = 900, network: bool = False) -> Iterator[Page]:
    """A browser with its profile in `folder`, ended afterwards; without `network` it finds no host."""
    profile = folder / "profile"
    command = [CHROMIUM, *OPTIONS, *([] if network else [NO_NETWORK]), f"--window-size={width},{height}"]
    process = subprocess.Popen(
        [*command, f"--user-data-dir={profile}", "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    loop = asyncio.new_event_loop()
    session = loop.run_until_complete(_session())
    try:
        port = _port(profile / "DevToolsActivePort", process)
        yield Page(loop, loop.run_until_complete(_connect(session, port)))
    finally:
        loop.run_until_complete(session.close())
        process.terminate()
        process.wait(timeout=300)
        loop.close()


async def _session() -> Any:
    import aiohttp

    return aiohttp.ClientSession()


async def _connect(session: Any, port: int) -> Any:
    async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
        page = next(target for target in await answer.json() if target["type"] == "page")
    return await session.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0)


def _port(file: Path, process: subprocess.Popen) -> int:
    end = time.monotonic() + STARTED_WITHIN_S
    while time.monotonic() < end and process.poll() is None:
        if file.exists() and (text := file.read_text()).count("\n"):
            return int(text.splitlines()[0])
        time.sleep(0.05)
    raise AssertionError(f"Chromium did not start within {STARTED_WITHIN_S:g} s")
