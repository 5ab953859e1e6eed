"""Every byte of a dataset against its manifest."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from garment_sweeps.storage.s3 import S3Store
from garment_sweeps.storage.s3_errors import Missing
from garment_sweeps.storage.source import read_manifest
from garment_sweeps.storage.uri import S3Location, parse_uri
from garment_uv.errors import UserError
from garment_uv.files import file_digest
from garment_uv.samples.manifest import MANIFEST_KEY, Manifest

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
    place = parse_uri(uri)
    files = _S3Files(place) if isinstance(place, S3Location) else _FolderFiles(place)
    manifest = files.manifest()
    listed = {manifest.atlas.key: (manifest.atlas.bytes, manifest.atlas.sha256)}
    listed |= {shard.key: (shard.bytes, shard.sha256) for shard in manifest.shards}
    total, done = sum(size for size, _ in listed.values()), 0
    bad, missing = [], []
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        for (key, wanted), found in zip(listed.items(), pool.map(files.digest, listed), strict=True):
            done += wanted[0]
            if found is None:
                missing.append(f"missing: {key}")
            elif found[0] != wanted[0]:
                bad.append(f"bad: {key} has {found[0]} bytes, the manifest says {wanted[0]}")
            elif found[1] != wanted[1]:
                bad.append(f"bad: {key} has sha256 {found[1][:12]}.., the manifest says {wanted[1][:12]}..")
            if progress is not None:
                progress(done, total)
    unlisted = sorted(set(files.names()) - set(listed) - {MANIFEST_KEY})
    return VerifyReport(
        uri,
        manifest.digest(),
        len(listed),
        total,
        tuple(bad),
        tuple(missing),
        tuple(f"unlisted: {name}" for name in unlisted),
    )


class _FolderFiles:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def manifest(self) -> Manifest:
        return Manifest.load(self._folder / MANIFEST_KEY)

    def digest(self, key: str) -> tuple[int, str] | None:
        try:
            return file_digest(self._folder / key)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise UserError(f"cannot read {self._folder / key}: {error.strerror}") from None

    def names(self) -> list[str]:
        found = self._folder.rglob("*")
        return [path.relative_to(self._folder).as_posix() for path in found if not path.is_dir()]


class _S3Files:
    def __init__(self, location: S3Location) -> None:
        self._store = S3Store(location)

    def manifest(self) -> Manifest:
        return read_manifest(self._store)

    def digest(self, key: str) -> tuple[int, str] | None:
        try:
            return self._store.digest(key)
        except Missing:
            return None

    def names(self) -> list[str]:
        return list(self._store.names())
