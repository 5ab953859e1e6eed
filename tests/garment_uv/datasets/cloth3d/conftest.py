from dataclasses import replace

import numpy as np
import pytest

from garment_uv.datasets.cloth3d.info import GarmentInfo, SequenceInfo
from garment_uv.datasets.cloth3d.writer import GarmentData, write_sequence

QUADS = np.array([[0, 1, 4, 3], [1, 2, 5, 4]])


def _info(frames: int = 4, outfit: tuple[str, ...] = ("Top", "Skirt")) -> SequenceInfo:
    rng = np.random.default_rng(frames)
    patterned = GarmentInfo("denim", "pattern", {"pattern": "14.png", "hsv": np.array([0.1, 1.6, 0.5]), "scale": 0.6})
    plain = GarmentInfo("silk", "color", np.array([0.2, 0.4, 0.6]))
    return SequenceInfo(
        shape=rng.normal(size=10),
        poses=rng.normal(size=(frames, 72)),
        trans=rng.normal(scale=0.2, size=(frames, 3)),
        gender=1,
        zrot=0.7,
        cam_loc=np.array([4.8, 0.0, 1.0]),
        tightness=np.array([-0.5, 0.3]),
        outfit={name: patterned if index == 0 else plain for index, name in enumerate(outfit)},
        seq="105_25",
        seq_start=1200,
        seq_end=1200 + frames,
        lights_type="point",
        lights_data=[{"loc": np.array([-1.5, 1.5, 3.0]), "pwr": 75.5}],
    )


@pytest.fixture
def make_info():
    return _info


@pytest.fixture
def make_sequence(tmp_path):
    """Write a small sequence; answers its folder, info, garments and RGBA frames."""

    def make(frames: int = 4, images: int | None = None, as_video: bool = False, split: str = "train", name="00042"):
        rng = np.random.default_rng(7)
        info = _info(frames)
        garments = {
            garment: GarmentData(rng.normal(size=(6, 3)), QUADS, rng.normal(size=(frames, 6, 3)))
            for garment in info.outfit
        }
        pictures = [
            np.kron(rng.integers(0, 256, (12, 16, 4), dtype=np.uint8), np.ones((40, 40, 1), np.uint8))
            for _ in range(frames if images is None else images)
        ]
        folder = tmp_path / "raw" / split / name
        write_sequence(folder, info, garments, pictures, as_video, {"Top": pictures[0][:64, :64, :3]})
        return folder, info, garments, pictures

    return make


@pytest.fixture
def changed():
    return replace
