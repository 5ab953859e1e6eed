"""The set of artists' clothes: made of a folder of clothes, and refused without one."""

import pytest

from garment_uv.datasets.artist import performer
from garment_uv.errors import UserError
from garment_uv.samples.config import PrepareOptions
from garment_uv.samples.manifest import Manifest
from garment_uv.samples.sets import SETS, SetOptions, artist
from garment_uv.samples.source import FolderSource, iterate_samples
from tests.garment_uv.datasets.artist.conftest import package

__all__ = ["package"]
SMALL = {"48": PrepareOptions(map_size=48, image_size=64, subdivisions=0, layout="crowded")}


@pytest.fixture
def small(monkeypatch, stage):
    monkeypatch.setattr(performer, "process_stage", lambda: stage)
    monkeypatch.setattr(artist, "SIZES", SMALL)
    monkeypatch.setattr(artist, "RECORDED", {"48": ""})


def test_it_is_a_test_split_of_others_clothes(small, package, tmp_path, untold):
    options = SetOptions(share=0.01, clothes=package, keep_raw=True)
    (made,) = SETS["artist"](tmp_path, options, untold)
    manifest = Manifest.load(made.folder / "manifest.json")
    assert manifest.splits == ("test",) and len(manifest.sequences) == 2 and not manifest.left_out
    for entry in manifest.sequences:
        assert entry.frames == 3 and len(entry.known_by) == 1 + len(entry.garments)
        assert max(entry.floor_s2s_mm.values()) < 15, "a coarse body and map"
    samples = list(iterate_samples(FolderSource(made.folder), "test"))
    assert len(samples) == 6 and all(sample.garments and sample.parsing is not None for sample in samples)
    assert sorted(path.name for path in (tmp_path / "raw" / "test").iterdir()) == ["00000", "00001"]


def test_without_clothes_or_with_a_folder_of_others_it_is_refused(small, tmp_path, untold):
    with pytest.raises(UserError, match="needs its clothes: give --clothes the folder"):
        SETS["artist"](tmp_path / "set", SetOptions(), untold)
    with pytest.raises(UserError, match="is not there; give --clothes the folder"):
        SETS["artist"](tmp_path / "set", SetOptions(clothes=tmp_path), untold)
    assert not (tmp_path / "set").exists()
