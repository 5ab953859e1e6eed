"""A proxy before MLflow that notes who changes what, and refuses one epoch of one trial for ever."""

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from garment_sweeps.tracking import tags
from tests.servers.refusing_proxy import Asked, RefusingProxy

Headers = list[tuple[str, str]]


class RecordingProxy(RefusingProxy):
    """Passes on what it does not refuse.

    Args:
        server: URL of an MLflow server.
        refused: trial and epoch whose metrics are answered with 400 whenever a batch holds them; None refuses nothing.
    """

    def __init__(self, server: str, refused: tuple[str, int] | None = None) -> None:
        super().__init__(server)
        self._trial, self._epoch = refused or ("", 0)
        self._runs: set[str] = set()
        self._changes: dict[str, list[str]] = defaultdict(list)
        self.refuse(self._never_taken)

    def changes_by(self, bearer: str) -> list[str]:
        """Requests other than questions that came with this token, in order."""
        return list(self._changes[bearer])

    def answer(self, asked: Asked, headers: Headers) -> tuple[int, Headers, bytes]:
        """Notes the request, and from the answer which run is the refused trial's."""
        if asked.writes:
            bearer = dict(headers).get("Authorization", "").removeprefix("Bearer ")
            self._changes[bearer].append(f"{asked.method} {asked.path} {asked.body[:300].decode(errors='replace')}")
        status, found, data = super().answer(asked, headers)
        if status == 200 and asked.path.endswith("/runs/create"):
            given = {tag["key"]: tag["value"] for tag in json.loads(asked.body).get("tags", ())}
            if given.get(tags.TRIAL) == self._trial:
                self._runs.add(json.loads(data)["run"]["info"]["run_id"])
        return status, found, data

    def _never_taken(self, asked: Asked) -> bool:
        if not asked.path.endswith("/runs/log-batch"):
            return False
        batch = json.loads(asked.body)
        return batch["run_id"] in self._runs and self._epoch in {int(m["step"]) for m in batch.get("metrics", ())}


@contextmanager
def recording_proxy(server: str, refused: tuple[str, int] | None = None) -> Iterator[RecordingProxy]:
    """A running proxy, closed with the context."""
    proxy = RecordingProxy(server, refused)
    try:
        yield proxy
    finally:
        proxy.close()
