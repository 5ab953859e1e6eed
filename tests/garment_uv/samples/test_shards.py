"""Shards are plain tars with the same bytes every time, and webdataset itself reads them."""

import hashlib
import io
import resource
import tarfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garment_uv.errors import UserError
from garment_uv.files import file_digest
from garment_uv.samples.codec import encode_sample
from garment_uv.samples.manifest import Manifest
from garment_uv.samples.shards import TAR_END, index_shard, tar_blocks
from tests.garment_uv.samples.made import made_format, made_sample, write_folder


def test_webdataset_reads_our_shards(dataset, atlas):
    webdataset = pytest.importorskip("webdataset")
    urls = [str(path) for path in sorted((dataset / "val").glob("*.tar"))]
    found = list(webdataset.WebDataset(urls, shardshuffle=False).decode("rgb8"))
    assert [item["__key__"] for item in found] == [f"val-00001-{frame:04d}" for frame in range(3)]
    wanted = made_sample(atlas, "val", frame=1, raw=True)
    assert np.array_equal(found[1]["segments.npy"], wanted.segments)
    assert found[1]["displacement.npy"].dtype == np.uint16
    assert found[1]["image.jpg"].shape == (40, 40, 3)
    assert found[1]["json"]["topology"] == "default"
    assert np.array_equal(found[1]["garment.tshirt.vertices.npy"], wanted.garments["Tshirt"].vertices)


def test_headers_carry_nothing_of_this_machine(dataset):
    for path in dataset.glob("*/*.tar"):
        with tarfile.open(path) as tar:
            for info in tar:
                assert (info.mtime, info.uid, info.gid, info.uname, info.gname) == (0, 0, 0, "", "")
                assert info.mode == 0o644


def test_the_same_samples_give_the_same_bytes(dataset, tmp_path):
    again = write_folder(tmp_path / "again", tmp_path / "scratch")
    assert again == Manifest.load(dataset / "manifest.json")
    for name in ["manifest.json", "atlas.npz", *(shard.key for shard in again.shards)]:
        assert (tmp_path / "again" / name).read_bytes() == (dataset / name).read_bytes()


def test_shards_hold_what_the_manifest_says(dataset):
    manifest = Manifest.load(dataset / "manifest.json")
    assert [(s.key, s.samples) for s in manifest.shards] == [
        ("train/shard-000000.tar", 3), ("train/shard-000001.tar", 3), ("train/shard-000002.tar", 1),
        ("val/shard-000000.tar", 3),
    ]  # fmt: skip
    for shard in manifest.shards:
        data = (dataset / shard.key).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (shard.bytes, shard.sha256)
        assert file_digest(dataset / shard.key) == (shard.bytes, shard.sha256)
        assert shard.class_counts == {"Trousers": shard.samples, "Tshirt": shard.samples}
    assert manifest.num_samples("train") == 7 and manifest.class_counts("train")["Tshirt"] == 7


def test_members_are_read_by_their_offsets(tmp_path, atlas):
    samples = [encode_sample(made_sample(atlas, frame=frame), made_format()) for frame in range(3)]
    path = tmp_path / "s.tar"
    path.write_bytes(b"".join(tar_blocks(f"k{i}", members) for i, members in enumerate(samples)) + TAR_END)
    index = index_shard(path)
    assert [item.key for item in index] == ["k0", "k1", "k2"]
    with open(path, "rb") as file:
        for item in reversed(index):
            assert item.read(file) == samples[int(item.key[1])]


def test_foreign_and_double_members_are_refused(tmp_path):
    path = tmp_path / "s.tar"
    for blocks, word in (
        (tar_blocks("a", {"x": b"1"}) * 2, "twice"),
        (tar_blocks("../../etc/passwd", {"": b""}), "belongs to no sample"),
        (b"no tar at all" * 100, "no readable tar"),
    ):
        path.write_bytes(blocks + TAR_END)
        with pytest.raises(UserError, match=word):
            index_shard(path)
    link = tarfile.TarInfo("a.b")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    path.write_bytes(link.tobuf() + TAR_END)
    with pytest.raises(UserError, match="belongs to no sample"):
        index_shard(path)


KEYS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=20)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz_.", min_size=1, max_size=20).filter(lambda name: name.strip("."))


@settings(max_examples=100)
@given(st.dictionaries(KEYS, st.dictionaries(NAMES, st.binary(max_size=2000), min_size=1, max_size=4), max_size=4))
def test_any_members_come_back(tmp_path_factory, samples):
    path = tmp_path_factory.mktemp("any") / "s.tar"
    path.write_bytes(b"".join(tar_blocks(key, members) for key, members in samples.items()) + TAR_END)
    with open(path, "rb") as file:
        assert {item.key: item.read(file) for item in index_shard(path)} == samples
    with tarfile.open(path) as tar:
        assert len(tar.getmembers()) == sum(map(len, samples.values()))


@settings(max_examples=100)
@given(st.data())
def test_damaged_headers_raise_nothing_but_a_line(tmp_path_factory, data):
    raw = bytearray(tar_blocks("a", {"x": b"1" * 700, "y": b"2"}) + TAR_END)
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(raw)))
        raw[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    path = tmp_path_factory.mktemp("bad") / "s.tar"
    path.write_bytes(raw)
    try:
        index = index_shard(path)
        with open(path, "rb") as file:
            for item in index:
                item.read(file)
    except UserError as error:
        assert "\n" not in str(error)


def test_a_header_that_tells_of_more_than_there_is_takes_no_memory(tmp_path):
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 2**38
    (tmp_path / "shard.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UserError, match="no readable tar"):
        index_shard(tmp_path / "shard.tar")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < used + 2**18


def test_a_cut_shard_is_told(tmp_path):
    path = tmp_path / "s.tar"
    whole = tar_blocks("a", {"x": b"1" * 5000})
    for length in (100, 600, 4000):
        path.write_bytes(whole[:length])
        with pytest.raises(UserError, match="garment data verify"):
            (item,) = index_shard(path)
            item.read(io.BytesIO(path.read_bytes()))
