"""A dataset's manifest: what is in it, byte for byte, and what was left out and why.

The manifest is `<uri>/manifest.json`. It is written last, so a folder or prefix without one is no dataset,
and its digest is the dataset's version.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)

from garment_uv.classes import GARMENT_CLASSES
from garment_uv.config import Config, digest_of
from garment_uv.errors import UserError, one_line
from garment_uv.outputs import write_file

PLAIN: Literal[2] = 2
LABELLED: Literal[3] = 3
"""The versions that are written: 2 adds `quality` to the sequences of 1, 3 a mask and a parsing to every sample."""
MANIFEST_KEY = "manifest.json"
ATLAS_KEY = "atlas.npz"

_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]*"
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]+$")]
"""A split or sequence: letters, digits and underscores, since WebDataset keys join them by '-'."""
Key = Annotated[str, StringConstraints(pattern=rf"^{_NAME}(/{_NAME})*$", max_length=512)]
"""Path of a file below the dataset's URI, with forward slashes; it cannot leave the dataset."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Line = Annotated[str, StringConstraints(pattern=r"^[^\n\r]*$", max_length=2000)]


def _known_classes(counts: dict[str, int]) -> dict[str, int]:
    for name, count in counts.items():
        if name not in GARMENT_CLASSES:
            raise ValueError(f"unknown garment class {name!r}; known are {', '.join(GARMENT_CLASSES)}")
        if count < 0:
            raise ValueError(f"class {name} has a negative count {count}")
    return counts


class BodyEntry(Config):
    """Which body model the dataset was made on."""

    name: Name
    body_digest: Line
    """`BodyModel.digest`."""


class AtlasEntry(Config):
    """The dataset's UV atlas, stored beside its shards."""

    key: Key = ATLAS_KEY
    bytes: int = Field(ge=0)
    sha256: Sha256
    atlas_digest: Line
    """`Atlas.digest`: two atlases of one digest place every vertex alike."""
    size: int = Field(ge=1)
    """U, texels along a side."""
    num_vertices: int = Field(ge=1)
    """V, vertices of the body topology."""


class ShardEntry(Config):
    """One tar of samples."""

    split: Name
    key: Key
    bytes: int = Field(ge=0)
    sha256: Sha256
    samples: int = Field(ge=1)
    class_counts: Annotated[dict[str, int], AfterValidator(_known_classes)] = {}
    """Samples in which each garment class occurs."""


class GarmentQuality(Config):
    """How good the registration of one garment is: see `garment_uv.registration.quality`."""

    s2s_mm: float = Field(ge=0)
    """S2S of the registered garment, before any map, against the raw one, mean over the measured frames, mm."""
    covered_area: float = Field(ge=0, le=1)
    """Share of the raw garment's area at rest that lies within 10 mm of the registered one."""
    flipped_faces: float = Field(ge=0, le=1)
    """Share of the registered faces that look the other way than the raw surface at rest."""
    stretched_faces: float = Field(ge=0, le=1)
    """Share of the registered faces with an edge over five times the body's median edge at rest."""


class FillError(Config):
    """How far vertices are read from their values in a sequence's displacement maps: see `garment_uv.uv.readback`."""

    worst_mm: float = Field(ge=0)
    """Of all garments' vertices in all frames, before maps are rounded to 16 bits, which adds up to 0.015 mm."""
    off: int = Field(ge=0)
    """Vertices that are off by more than 0.05 mm in some frame."""
    vertices: tuple[int, ...] = ()
    """Some of those, at most 32, the worst first."""


class SequenceEntry(Config):
    """One raw sequence that is in the dataset."""

    split: Name
    sequence: Name
    frames: int = Field(ge=1)
    """Frames stored, after the stride."""
    garments: tuple[str, ...]
    topology: Literal["default", "skirt"]
    floor_s2s_mm: dict[str, float] = {}
    """S2S of registered-and-unwrapped against raw per garment, mm: no model can do better."""
    quality: dict[str, GarmentQuality] = {}
    """Of each garment's registration; empty where no frame was measured, and in manifests of version 1."""
    fill_error: FillError | None = None
    """None where it was not measured: in datasets made before, and of fills that are not meant to be exact."""
    notes: tuple[Line, ...] = ()
    known_by: tuple[Line, ...] = ()
    """Marks of the subject and of each cut, in sets whose splits share none; empty elsewhere."""

    @model_serializer(mode="wrap")
    def _without_what_is_empty(self, plainly: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values = plainly(self)
        return {
            name: value for name, value in values.items() if value or name not in ("quality", "fill_error", "known_by")
        }


class LeftOut(Config):
    """One raw sequence that is not in the dataset."""

    split: Name
    sequence: Line
    reason: Line


class Manifest(Config):
    """Everything about a dataset but its samples' bytes. `digest()` is the dataset's version."""

    schema_version: Literal[1, 2, 3] = PLAIN
    body: BodyEntry
    atlas: AtlasEntry
    image_size: int = Field(ge=1)
    """I, px along a side."""
    image_format: Literal["jpg", "png"] = "jpg"
    displacement_limit_m: float = Field(gt=0, le=10)
    """Displacement maps are uint16 over +- this many metres."""
    body_limit_m: float = Field(gt=0, le=10)
    """Body maps and body vertices are uint16 over +- this many metres."""
    fill: Name
    """How the displacement maps were filled between vertices."""
    subdivisions: int = Field(ge=0)
    every: int = Field(ge=1)
    """Stride of the frames taken from each sequence."""
    evaluation_splits: tuple[Name, ...] = ()
    """Splits whose samples carry the raw garment meshes."""
    shards: tuple[ShardEntry, ...]
    sequences: tuple[SequenceEntry, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @model_validator(mode="after")
    def _keys_are_unique(self):
        keys = [MANIFEST_KEY, self.atlas.key, *(shard.key for shard in self.shards)]
        twice = sorted({key for key in keys if keys.count(key) > 1}) if len(set(keys)) < len(keys) else []
        if twice:
            raise ValueError(f"the key {twice[0]} is listed twice")
        return self

    @property
    def labels(self) -> bool:
        """Whether every sample has a mask and a parsing."""
        return self.schema_version >= LABELLED

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits that hold samples, in the order of their first shard."""
        return tuple(dict.fromkeys(shard.split for shard in self.shards))

    def split_shards(self, split: str) -> tuple[ShardEntry, ...]:
        """Shards of one split, in order; UserError naming the splits there are when it holds none."""
        found = tuple(shard for shard in self.shards if shard.split == split)
        if not found:
            raise UserError(f"the dataset has no split {split!r}; it has {', '.join(self.splits) or 'none'}")
        return found

    def num_samples(self, split: str) -> int:
        """Samples in one split; 0 when the dataset does not have it."""
        return sum(shard.samples for shard in self.shards if shard.split == split)

    def class_counts(self, split: str) -> dict[str, int]:
        """Samples of one split in which each garment class occurs."""
        counts: dict[str, int] = {}
        for shard in self.shards:
            if shard.split == split:
                for name, count in shard.class_counts.items():
                    counts[name] = counts.get(name, 0) + count
        return counts

    def samples_digest(self) -> str:
        """The digest of all but what is told of registration and fill: the same for the same samples."""
        values = {**self.plain(), "schema_version": LABELLED if self.labels else 1}
        for entry in values["sequences"]:
            entry.pop("quality", None)
            entry.pop("fill_error", None)
        return digest_of(values)

    def to_bytes(self) -> bytes:
        """The manifest as it is stored: JSON with sorted keys, UTF-8."""
        return (json.dumps(self.plain(), indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()

    @classmethod
    def from_bytes(cls, data: bytes, where: str) -> "Manifest":
        """Reads `to_bytes()`'s answer; UserError naming `where` on anything else."""
        try:
            values = json.loads(data.decode("utf-8"), parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise UserError(f"{where} is no manifest: {one_line(error, 2000)}; {_MEND}") from None
        if not isinstance(values, dict):
            raise UserError(f"{where} is no manifest: it holds a {type(values).__name__}, not an object; {_MEND}")
        version = values.get("schema_version")
        if version not in (1, PLAIN, LABELLED):
            raise UserError(
                f"{where} has schema version {str(version)[:40]!r}, this program reads 1 to {LABELLED}; "
                "prepare the dataset again with this version, or use the version that wrote it"
            )
        try:
            return cls.from_plain(values)
        except UserError as error:
            raise UserError(f"{where} is corrupt: {one_line(error, 400)}; {_MEND}") from None

    def save(self, path: Path) -> None:
        """Writes the manifest under a temporary name and renames it: never seen half-written."""
        write_file(path, self.to_bytes())

    @classmethod
    def load(cls, path: Path) -> "Manifest":
        """Reads a manifest file; UserError when it is missing or no manifest."""
        path = Path(path)
        try:
            data = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            raise UserError(
                f"no dataset at {path.parent}: {path.name} is missing; give the URI that "
                "`garment data prepare --out` wrote to"
            ) from None
        except OSError as error:
            raise UserError(f"cannot read {path}: {error.strerror}") from None
        return cls.from_bytes(data, str(path))


_MEND = "run `garment data prepare` again or fetch the file anew"


def _no_constant(text: str) -> float:
    raise ValueError(f"it holds {text}, which is no JSON number")
