"""Four open sequences of two frames, in which each class but one is worn, raw and prepared."""

from dataclasses import dataclass
from pathlib import Path

from garment_uv.body import load_body
from garment_uv.datasets.open.synthesize import synthesize
from garment_uv.samples.config import PrepareOptions
from garment_uv.samples.manifest import Manifest
from garment_uv.samples.prepare import prepare
from garment_uv.samples.sink import FolderSink

OPTIONS = PrepareOptions(
    map_size=64,
    image_size=64,
    subdivisions=0,
    samples_per_shard=2,
    floor_frames=2,
    labels=False,
    layout="crowded",
    fill="least_norm",
)
"""As the published set `open192` is made."""

SPLITS = {"val": 0.75, "train": 0.25}


@dataclass(frozen=True)
class SmallSet:
    """Where it lies."""

    raw: Path
    prepared: Path
    manifest: Manifest


def make_small_set(folder: Path) -> SmallSet:
    """The set, in `folder`."""
    synthesize(folder / "raw", 4, 2, seed=5, splits=SPLITS, image_format="frames")
    manifest = prepare(folder / "raw", FolderSink(folder / "prepared"), load_body("anny"), OPTIONS)
    return SmallSet(folder / "raw", folder / "prepared", manifest)
