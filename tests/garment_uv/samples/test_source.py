"""A dataset in a folder: read whole or in part, and never with bytes that its manifest does not know."""

import shutil

import pytest

from garment_uv.errors import UserError
from garment_uv.samples.loader import SampleLoader
from garment_uv.samples.source import FolderSource, iterate_samples


@pytest.fixture
def copy(dataset, tmp_path):
    shutil.copytree(dataset, tmp_path / "set")
    return tmp_path / "set"


def flip(path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_samples_come_in_stored_order(dataset):
    found = list(iterate_samples(FolderSource(dataset), "val"))
    assert [sample.key for sample in found] == [f"val-00001-{i:04d}" for i in range(3)]
    assert all(set(sample.garments) == {"Tshirt", "Trousers"} for sample in found)


@pytest.mark.parametrize("most, frames", [(0, range(7)), (1, [0]), (3, [0, 3, 6]), (7, range(7)), (99, range(7))])
def test_a_part_is_evenly_spaced(dataset, most, frames):
    found = [sample.key for sample in iterate_samples(FolderSource(dataset), "train", most)]
    assert found == [f"train-00001-{i:04d}" for i in frames]


def test_the_atlas_is_the_dataset_s_own(dataset, atlas):
    assert FolderSource(dataset).atlas() == atlas


@pytest.mark.parametrize("at, workers", [(0, 0), (700, 0), (3000, 0), (-1, 0), (700, 1)])
def test_a_flipped_byte_is_told_in_one_line(copy, at, workers):
    flip(copy / "train" / "shard-000001.tar", at)
    loader = SampleLoader(FolderSource(copy), "train", batch_size=1, shuffle=False, workers=workers)
    with pytest.raises(UserError, match="train/shard-000001.tar is corrupt: sha256") as told:
        list(loader.batches(0))
    assert "\n" not in str(told.value) and "garment data verify" in str(told.value)
    loader.close()


def test_a_cut_or_missing_shard_and_a_flipped_atlas_are_told(copy):
    source = FolderSource(copy)
    shard = copy / "val" / "shard-000000.tar"
    shard.write_bytes(shard.read_bytes()[:-512])
    with pytest.raises(UserError, match="its manifest says"):
        list(iterate_samples(source, "val"))
    shard.unlink()
    with pytest.raises(UserError, match="No such file"):
        list(iterate_samples(source, "val"))
    flip(copy / "atlas.npz", 300)
    with pytest.raises(UserError, match="atlas.npz is corrupt"):
        source.atlas()


def test_no_dataset_is_told(tmp_path):
    with pytest.raises(UserError, match="no dataset at"):
        _ = FolderSource(tmp_path / "nowhere").manifest
