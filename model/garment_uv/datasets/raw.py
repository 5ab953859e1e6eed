"""What a raw sequence is and where they come from: protocols, and a folder that all who take part can read."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from garment_uv.body.protocol import BodyModel, BodyParameters
from garment_uv.datasets.cloth3d.sequence import Sequence, find_sequences
from garment_uv.datasets.plain.description import FILE as DESCRIPTION
from garment_uv.datasets.plain.sequence import PlainSequence
from garment_uv.errors import UserError


class RawChanged(UserError):
    """A sequence that is not what it was when the run began, or that this node does not see."""


@dataclass(frozen=True)
class RawSequence:
    """One sequence that there is, unread."""

    split: str
    name: str
    """5 digits."""
    fingerprint: str
    """Of its files' names, sizes and times or tags: another one means that it must be read again."""

    @property
    def key(self) -> str:
        """Its name among all splits' sequences."""
        return f"{self.split}-{self.name}"


@dataclass(frozen=True)
class AtHand:
    """A sequence that this machine can open."""

    place: str
    """How its own errors name it."""
    read: "Callable[[], ClothedSequence]"
    """Opens it; UserError says what it lacks."""


class RawSource(Protocol):
    """Where raw sequences come from. Small enough to be sent to another process."""

    @property
    def uri(self) -> str:
        """The folder or s3:// URI, as the user gave it, or the name of what is made here."""

    def sequences(self) -> list[RawSequence]:
        """All sequences, sorted by split and name; UserError where there is none."""

    def shown(self, item: RawSequence) -> str:
        """The sequence's place, for messages."""

    def open(self, item: RawSequence) -> AbstractContextManager[AtHand]:
        """The sequence on this machine, for the length of the block; RawChanged where it has changed."""


class RawFrame(Protocol):
    """One frame, of whichever dataset."""

    @property
    def index(self) -> int:
        """0-based."""

    @property
    def garments(self) -> dict[str, np.ndarray]:
        """float32 [N, 3] metres per garment, root-relative, z up, before zrot."""

    @property
    def body(self) -> BodyParameters: ...

    @property
    def trans(self) -> np.ndarray:
        """float64 [3] the root in the world before zrot, metres."""

    @property
    def zrot(self) -> float:
        """Radians about z that turn garments and body to the sample frame, in which the camera stands at +x."""

    @property
    def camera(self) -> np.ndarray:
        """float64 [3] the camera in the sample frame, metres."""

    def square(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Picture uint8 [size, size, 3] and mask uint8 [size, size] of the square of +-1.25 m around the root.

        As a camera at `camera` takes it that looks along -x: see `cloth3d.camera.crop_camera`.
        """


class ClothedSequence(Protocol):
    """An opened sequence: a subject, the garments and the frames."""

    @property
    def subject(self) -> BodyParameters:
        """Gender and shape; its pose is zero."""

    @property
    def zrot(self) -> float:
        """Radians by which rest garments may be turned: see `registration.placement`."""

    @property
    def faces(self) -> dict[str, np.ndarray]:
        """int32 [F, 3] triangles by class, in the order in which the garments are worn, the same in all frames."""

    @property
    def frame_indices(self) -> tuple[int, ...]:
        """Those that have a picture."""

    @property
    def note(self) -> str | None:
        """What was left unread and why, in one line."""

    @property
    def known_by(self) -> tuple[str, ...]:
        """Marks of the subject and of each cut, equal where they are the same; empty where they are not known."""

    def rest_garments(self, body: BodyModel) -> dict[str, np.ndarray]:
        """Each garment's vertices [N, 3] metres at rest."""

    def frame(self, index: int) -> RawFrame:
        """One of `frame_indices`."""

    def close(self) -> None: ...


def open_sequence(folder: Path | str) -> ClothedSequence:
    """The sequence in a folder: plain where it has a `sequence.json`, else CLOTH3D's; UserError says what it lacks."""
    if (Path(folder) / DESCRIPTION).is_file():
        return PlainSequence.open(folder)
    return Sequence.open(folder)


class FolderRaw:
    """`<folder>/<split>/<5-digit id>/`."""

    def __init__(self, folder: Path | str) -> None:
        self.uri = str(folder)
        self._folder = Path(folder)

    def sequences(self) -> list[RawSequence]:
        return [RawSequence(split, path.name, _fingerprint(path)) for split, path in find_sequences(self._folder)]

    def shown(self, item: RawSequence) -> str:
        return str(self._folder / item.split / item.name)

    @contextmanager
    def open(self, item: RawSequence) -> Iterator[AtHand]:
        path = self._folder / item.split / item.name
        if not path.is_dir():
            raise RawChanged(
                f"{path}: no such folder on this node; give --raw a folder that every node sees, or s3://bucket/prefix"
            )
        if _fingerprint(path) != item.fingerprint:
            raise RawChanged(f"{path} changed while it was being prepared; run the command again")
        yield folder_at_hand(path)


def folder_at_hand(folder: Path) -> AtHand:
    """The sequence in a folder of this machine."""
    return AtHand(str(folder), partial(open_sequence, folder))


def fingerprint_of(files: list[tuple[str, int, str]]) -> str:
    """16 hex digits of (name, bytes, time or tag) of a sequence's files, in any order."""
    return hashlib.sha256(repr(sorted(files)).encode()).hexdigest()[:16]


def _fingerprint(folder: Path) -> str:
    found = ((path.name, path.stat()) for path in folder.iterdir())
    return fingerprint_of([(name, status.st_size, str(status.st_mtime_ns)) for name, status in found])
