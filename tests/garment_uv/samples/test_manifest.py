"""The manifest: strict when read, stable when digested, never half-written."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garment_uv.config import digest_of
from garment_uv.errors import UserError
from garment_uv.samples.manifest import LeftOut, Manifest, SequenceEntry

QUALITY = ("s2s_mm", "covered_area", "flipped_faces", "stretched_faces")


@pytest.fixture(scope="module")
def manifest(dataset):
    return Manifest.load(dataset / "manifest.json")


def refused(values: dict | bytes) -> str:
    data = values if isinstance(values, bytes) else json.dumps(values).encode()
    with pytest.raises(UserError) as error:
        Manifest.from_bytes(data, "here/manifest.json")
    line = str(error.value)
    assert "here/manifest.json" in line and "\n" not in line and len(line) < 700
    return line


def test_what_is_saved_is_read(manifest, tmp_path):
    manifest.save(tmp_path / "manifest.json")
    assert Manifest.load(tmp_path / "manifest.json") == manifest
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_the_digest_is_of_the_contents(manifest):
    again = Manifest.from_bytes(manifest.to_bytes(), "here")
    assert again.digest() == manifest.digest() and len(manifest.digest()) == 16
    other = manifest.with_values({"every": 2})
    more = Manifest(**{**manifest.plain(), "left_out": [LeftOut(split="val", sequence="00009", reason="no video")]})
    assert len({manifest.digest(), other.digest(), more.digest()}) == 3


def test_splits(manifest):
    assert manifest.splits == ("train", "val")
    assert len(manifest.split_shards("train")) == 3
    with pytest.raises(UserError, match="no split 'test'; it has train, val"):
        manifest.split_shards("test")


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe", b"{", b"[]", b"null", b"3", b'{"schema_version": NaN}', b"[" * 200_000, b"\0" * 50]
)
def test_what_is_no_manifest_is_refused(data):
    refused(data)


def test_another_schema_version_is_told_apart(manifest):
    assert "schema version '4', this program reads 1 to 3" in refused({**manifest.plain(), "schema_version": 4})


def test_a_manifest_of_version_1_is_read_and_keeps_its_digest(manifest):
    entry = {"split": "val", "sequence": "00001", "frames": 3, "garments": ["Top"], "topology": "default"}
    old = {**manifest.plain(), "schema_version": 1, "sequences": [{**entry, "floor_s2s_mm": {"Top": 0.5}, "notes": []}]}
    read = Manifest.from_bytes(json.dumps(old).encode(), "here/manifest.json")
    assert read.plain() == old and read.digest() == digest_of(old)
    assert read.sequences[0].quality == {}
    with_quality = SequenceEntry(**entry, floor_s2s_mm={"Top": 0.5}, quality={"Top": dict.fromkeys(QUALITY, 0.25)})
    assert set(with_quality.plain()["quality"]["Top"]) == set(QUALITY)
    assert SequenceEntry.from_plain(with_quality.plain()) == with_quality
    new = read.model_copy(update={"schema_version": 2, "sequences": (with_quality,)})
    assert new.digest() != read.digest() and new.samples_digest() == read.samples_digest() == read.digest()


def test_how_exact_maps_are_is_told_only_where_it_was_measured(manifest):
    entry = {"split": "val", "sequence": "00001", "frames": 3, "garments": ["Top"], "topology": "default"}
    silent = SequenceEntry(**entry)
    assert "fill_error" not in silent.plain() and SequenceEntry.from_plain(silent.plain()) == silent
    exact = SequenceEntry(**entry, fill_error={"worst_mm": 0.0, "off": 0})
    assert exact.plain()["fill_error"] == {"worst_mm": 0.0, "off": 0, "vertices": []}
    assert SequenceEntry.from_plain(exact.plain()) == exact
    one, other = (manifest.model_copy(update={"sequences": (each,)}) for each in (silent, exact))
    assert one.samples_digest() == other.samples_digest() and one.digest() != other.digest()


@pytest.mark.parametrize(
    "key", ["../up.tar", "/etc/passwd", "a//b", "train/../../x", "a\\b", "", "a\n", "-x", ".hidden", "manifest.json"]
)
def test_keys_stay_inside_the_dataset(manifest, key):
    values = manifest.plain()
    values["shards"][0]["key"] = key
    refused(values)


def test_fields_that_do_not_fit_are_named(manifest):
    values = manifest.plain()
    values["shards"][1]["sha256"] = "ABC"
    assert "ShardEntry refused: sha256" in refused(values)
    values = manifest.plain()
    values["shards"][0]["class_counts"] = {"Hat": 1}
    assert "Hat" in refused(values)
    values = manifest.plain()
    del values["atlas"]
    assert "atlas" in refused(values)
    values = manifest.plain()
    values["shards"][1]["key"] = values["shards"][0]["key"]
    assert "twice" in refused(values)
    assert "body_limit_m" in refused({**manifest.plain(), "body_limit_m": 1e20})
    refused({**manifest.plain(), "surprise": 1})
    refused({**manifest.plain(), "not an identifier": 1})
    refused({**manifest.plain(), "self": 1})
    values = manifest.plain()
    values["shards"][0]["self"] = 1
    refused(values)


def test_a_missing_manifest_is_no_dataset(tmp_path):
    with pytest.raises(UserError, match="no dataset at .*nowhere"):
        Manifest.load(tmp_path / "nowhere" / "manifest.json")
    with pytest.raises(UserError, match="cannot read"):
        (tmp_path / "manifest.json").mkdir()
        Manifest.load(tmp_path / "manifest.json")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150)
@given(data=st.data())
def test_any_change_is_read_or_refused_in_one_line(manifest, data):
    """Any field, at any depth, replaced by any JSON value."""
    values = manifest.plain()
    node = values
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        if isinstance(node[key], dict | list) and data.draw(st.booleans()):
            node = node[key]
            continue
        node[key] = data.draw(JSON)
        break
    raw = json.dumps(values).encode()
    try:
        found = Manifest.from_bytes(raw, "here")
    except UserError as error:
        assert "\n" not in str(error)
    else:
        assert Manifest.from_bytes(found.to_bytes(), "here").digest() == found.digest()


@settings(max_examples=150)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode) | JSON.map(lambda v: json.dumps(v).encode()))
def test_any_bytes_are_refused_in_one_line(data):
    with pytest.raises(UserError) as error:
        Manifest.from_bytes(data, "here")
    assert "\n" not in str(error.value)
