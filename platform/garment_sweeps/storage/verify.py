"""Every byte of a dataset against its manifest."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from garment_sweeps.storage.s3_errors import Missing
from garment_sweeps.storage.source import read_manifest
from garment_sweeps.storage.store import open_store
from garment_uv.samples.manifest import MANIFEST_KEY

_AT_A_TIME = 4


@dataclass(frozen=True)
class VerifyReport:
    """What `verify` found; each problem is one line that names the file."""

    uri: str
    version: str
    """The manifest's digest."""
    files: int
    """Files that the manifest lists."""
    bytes: int
    """Bytes that they should have."""
    bad: tuple[str, ...]
    """Files of another size or sha256."""
    missing: tuple[str, ...]
    unlisted: tuple[str, ...]
    """Files that the manifest does not know."""

    @property
    def ok(self) -> bool:
        """Whether the dataset is exactly what its manifest says."""
        return not self.problems

    @property
    def problems(self) -> tuple[str, ...]:
        """All findings, the worst first."""
        return self.missing + self.bad + self.unlisted


def verify(uri: str, progress: Callable[[int, int], None] | None = None) -> VerifyReport:
    """Reads all files of a dataset, past any cache, and compares sizes and sha256s.

    `progress(done, total)` is called with bytes. UserError when there is no dataset at the URI to begin with.
    """
    store = open_store(uri)
    manifest = read_manifest(store)
    listed = {manifest.atlas.key: (manifest.atlas.bytes, manifest.atlas.sha256)}
    listed |= {shard.key: (shard.bytes, shard.sha256) for shard in manifest.shards}
    total, done = sum(size for size, _ in listed.values()), 0
    bad, missing = [], []

    def digest(key: str) -> tuple[int, str] | None:
        try:
            return store.digest(key)
        except Missing:
            return None

    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        for (key, wanted), found in zip(listed.items(), pool.map(digest, listed), strict=True):
            done += wanted[0]
            if found is None:
                missing.append(f"missing: {key}")
            elif found[0] != wanted[0]:
                bad.append(f"bad: {key} has {found[0]} bytes, the manifest says {wanted[0]}")
            elif found[1] != wanted[1]:
                bad.append(f"bad: {key} has sha256 {found[1][:12]}.., the manifest says {wanted[1][:12]}..")
            if progress is not None:
                progress(done, total)
    unlisted = sorted(set(store.names()) - set(listed) - {MANIFEST_KEY})
    return VerifyReport(
        uri,
        manifest.digest(),
        len(listed),
        total,
        tuple(bad),
        tuple(missing),
        tuple(f"unlisted: {name}" for name in unlisted),
    )
