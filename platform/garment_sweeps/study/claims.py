"""Whose sweep lies in a place of the storage: its study's claim, made by a conditional write.

    <storage>/<sweep>/study/claim-000000.json

A study claims its place when it is made, and claims it anew, with the next number, when it is made again from a copy
because its database is lost. The newest claim counts: whoever works for another one ends.
"""

import json
import re
import secrets
import socket

from pydantic import Field

from garment_sweeps.settings.environment import StorageConfig
from garment_sweeps.storage.filesystem import folder_names, open_filesystem
from garment_sweeps.storage.store import create_once
from garment_uv.config import Config
from garment_uv.errors import UserError

CLAIMS_FOLDER = "study"

_NAME = re.compile(r"^claim-(\d{6,})\.json$")


class Claim(Config):
    """A study's right to its place in the storage (see `claims`)."""

    study: str = Field(min_length=1)
    """Identity of the study: random, made with it."""
    number: int = Field(default=0, ge=0)
    """Counts the databases in which the study was made."""
    token: str = ""
    """Random: two drivers that make the same claim at the same moment are told apart by it."""
    host: str = ""
    """Where the claim was made, for messages."""


class Claims:
    """All claims on the place of one sweep."""

    def __init__(self, storage: StorageConfig, sweep: str) -> None:
        self._storage = storage
        self._filesystem, root = open_filesystem(storage)
        self._sweep = sweep
        self._place = f"{root}/{sweep}"
        self.uri = f"{storage.uri}/{sweep}"
        """The place, for messages."""

    def newest(self) -> Claim | None:
        """The claim that counts; None where nobody has claimed the place. OSError where the storage is away."""
        name = self._newest_name()
        if not name:
            return None
        with self._filesystem.open_input_stream(f"{self._place}/{CLAIMS_FOLDER}/{name}") as stream:
            return self._parsed(stream.read(), name)

    def holds(self, claim: Claim) -> bool:
        """Whether that claim is still the newest."""
        return self._newest_name() == _name(claim.number) and self.newest() == claim

    def take(self, study: str, after: Claim | None) -> Claim:
        """Claims the place for the study, after the claim that was the newest; UserError where another was faster."""
        number = 0 if after is None else after.number + 1
        claim = Claim(study=study, number=number, token=secrets.token_hex(4), host=socket.gethostname())
        place, content = f"{self._sweep}/{CLAIMS_FOLDER}", json.dumps(claim.plain(), sort_keys=True).encode()
        stored = create_once(self._storage.uri, self._storage.endpoint, f"{place}/{_name(number)}", content)
        if stored != content:
            other = self._parsed(stored, _name(number))
            raise UserError(
                f"another driver, on {other.host}, has just begun sweep {self._sweep!r} in {self._storage.uri}; "
                "give another --name"
            )
        return claim

    def traces(self) -> list[str]:
        """Names of everything that lies in the place, other than claims."""
        return [name for name in folder_names(self._filesystem, self._place) if name != CLAIMS_FOLDER]

    def clear(self) -> None:
        """Removes the place with all that lies in it."""
        if folder_names(self._filesystem, self._place):
            self._filesystem.delete_dir(self._place)

    def _newest_name(self) -> str:
        names = folder_names(self._filesystem, f"{self._place}/{CLAIMS_FOLDER}")
        return next((name for name in reversed(names) if _NAME.match(name)), "")

    def _parsed(self, content: bytes, name: str) -> Claim:
        try:
            return Claim.from_plain(json.loads(content))
        except (ValueError, TypeError, UserError):
            where = f"{self.uri}/{CLAIMS_FOLDER}/{name}"
            raise UserError(f"{where} does not say whose sweep it is; restore it, or give another --name") from None


def _name(number: int) -> str:
    return f"claim-{number:06d}.json"
