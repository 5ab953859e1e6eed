"""Datasets written through seeded sequences of faults, and what is left of each: the whole, or nothing."""

import hashlib
from pathlib import Path
from random import Random

from garment_sweeps.storage.s3 import S3Store
from garment_sweeps.storage.s3_connection import S3Connection
from garment_sweeps.storage.sink import S3Sink
from garment_sweeps.storage.source import read_manifest
from garment_sweeps.storage.uri import S3Location
from garment_uv.errors import UserError
from garment_uv.samples.manifest import ATLAS_KEY, MANIFEST_KEY
from tests.garment_uv.samples.made import write_folder
from tests.servers.fault_proxy import FAULTS, FaultProxy

PLAN = b'{"plan": "the same"}'
MOST = 0.2
"""Highest rate of one fault in a sequence: more than half of all requests meet some fault, on average."""


class FaultyWrites:
    """Writes the smallest dataset again and again through the proxy, each time below a prefix of its own."""

    def __init__(self, proxy: FaultProxy, endpoint: str, bucket: str, folder: Path) -> None:
        made = write_folder(folder / "set", folder / "scratch", train=1, val=0)
        self.manifest = made.model_copy(update={"shards": ()})
        self._atlas = folder / "set" / ATLAS_KEY
        self._proxy, self._bucket = proxy, bucket
        self._faulty, self._direct = S3Connection(proxy.endpoint), S3Connection(endpoint)

    def write(self, seed: int) -> str:
        """One sequence of faults; what the writer is told, nothing where all went well."""
        rates = Random(seed)
        self._proxy.set_faults(**{fault: rates.uniform(0, MOST) for fault in FAULTS if fault != "delay"})
        return self._write(seed, self._faulty)

    def mend(self, seed: int) -> str:
        """The same write, without faults."""
        return self._write(seed, self._direct)

    def found(self) -> dict[int, str]:
        """What lies below each prefix past the proxy, by the MD5s that the server itself has of it.

        'whole', or 'nothing' where there is no manifest, or one that is known to be damaged by all who read it;
        else what is wrong.
        """
        listing = S3Store(S3Location(self._bucket, ""), self._direct).listing()
        tags: dict[int, dict[str, str]] = {}
        for name, _, tag in listing:
            seed, _, key = name.partition("/")
            tags.setdefault(int(seed), {})[key] = tag.strip('"')
        return {seed: self._verdict(seed, tags[seed]) for seed in tags}

    def _verdict(self, seed: int, tags: dict[str, str]) -> str:
        right = {
            ATLAS_KEY: hashlib.md5(self._atlas.read_bytes()).hexdigest(),
            MANIFEST_KEY: hashlib.md5(self.manifest.to_bytes()).hexdigest(),
        }
        if MANIFEST_KEY not in tags:
            return "nothing"
        if tags[MANIFEST_KEY] != right[MANIFEST_KEY]:
            return self._of_damaged_manifest(seed)
        wrong = [key for key in right if tags.get(key) != right[key]]
        return f"{wrong} are not what was written" if wrong else "whole"

    def _of_damaged_manifest(self, seed: int) -> str:
        try:
            read_manifest(S3Store(self._location(seed), self._direct))
        except UserError as error:
            return "nothing" if "no dataset at" in str(error) else str(error)
        return "a damaged manifest is read"

    def _write(self, seed: int, connection: S3Connection) -> str:
        plan = PLAN if seed % 4 == 0 else None
        sink = S3Sink("the dataset", S3Store(self._location(seed), connection))
        try:
            if sink.begin(plan) is None:
                sink.put(ATLAS_KEY, self._atlas)
                sink.publish(self.manifest)
        except UserError as error:
            sink.abort() if plan is None else sink.release()
            return str(error)
        return ""

    def _location(self, seed: int) -> S3Location:
        return S3Location(self._bucket, f"{seed}")
