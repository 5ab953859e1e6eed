"""Whole files of each kind, small, to be damaged."""

import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import scipy.io

from garment_uv.datasets.cloth3d.info import GarmentInfo, SequenceInfo, write_info
from garment_uv.datasets.cloth3d.pointcache import write_pointcache
from garment_uv.geometry.obj import write_obj
from garment_uv.samples.codec import encode_sample
from garment_uv.samples.shards import TAR_END, tar_blocks
from tests.garment_uv.samples.made import made_atlas, made_format, made_sample, write_folder

QUADS = np.array([[0, 1, 4, 3], [1, 2, 5, 4]])


@cache
def whole_files() -> dict[str, list[bytes]]:
    """By kind; the file of a kind is given its name as suffix."""
    with tempfile.TemporaryDirectory(prefix="garment-fuzz-") as name:
        folder = Path(name)
        return {kind: make(folder) for kind, make in _MAKERS.items()}


def _info(folder: Path) -> list[bytes]:
    rng = np.random.default_rng(0)
    files = []
    for frames, outfit in ((1, ("Top",)), (3, ("Top", "Skirt"))):
        texture = {"pattern": "14.png", "hsv": np.array([0.1, 1.6, 0.5]), "scale": 0.6}
        info = SequenceInfo(
            shape=rng.normal(size=10), poses=rng.normal(size=(frames, 72)), trans=rng.normal(size=(frames, 3)),
            gender=1, zrot=0.7, cam_loc=np.array([4.8, 0.0, 1.0]), tightness=np.array([-0.5, 0.3]),
            outfit={garment: GarmentInfo("denim", "pattern", texture) for garment in outfit},
            seq="105_25", seq_start=1200, seq_end=1200 + frames,
            lights_data=[{"loc": np.array([-1.5, 1.5, 3.0]), "pwr": 75.5}],
        )  # fmt: skip
        write_info(folder / "info.mat", info)
        files.append((folder / "info.mat").read_bytes())
        scipy.io.savemat(folder / "packed.mat", info.plain(), do_compression=True, oned_as="column")
        files.append((folder / "packed.mat").read_bytes())
    return files


def _pointcache(folder: Path) -> list[bytes]:
    write_pointcache(folder / "Top.pc16", np.random.default_rng(1).normal(size=(3, 6, 3)))
    return [(folder / "Top.pc16").read_bytes()]


def _obj(folder: Path) -> list[bytes]:
    vertices = np.random.default_rng(2).normal(size=(6, 3))
    write_obj(folder / "a.obj", vertices, QUADS)
    write_obj(folder / "b.obj", vertices, [(0, 1, 2), (3, 4, 5, 1)])
    write_obj(folder / "c.obj", vertices, QUADS, vertices[:, :2], QUADS)
    return [(folder / name).read_bytes() for name in ("a.obj", "b.obj", "c.obj")]


def _manifest(folder: Path) -> list[bytes]:
    return [write_folder(folder / "set", folder / "scratch").to_bytes()]


def _shard(folder: Path) -> list[bytes]:
    atlas, form = made_atlas(), made_format("png")
    samples = [made_sample(atlas, "val", frame=frame, raw=frame == 0) for frame in range(2)]
    return [b"".join(tar_blocks(sample.key, encode_sample(sample, form)) for sample in samples) + TAR_END]


_MAKERS: dict[str, Callable[[Path], list[bytes]]] = {
    "info.mat": _info,
    "Top.pc16": _pointcache,
    "Top.obj": _obj,
    "manifest.json": _manifest,
    "shard.tar": _shard,
}
