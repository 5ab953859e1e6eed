import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garment_uv.datasets.cloth3d.pointcache import PointCache, write_pointcache
from garment_uv.errors import UserError

FRAMES = np.random.default_rng(0).normal(size=(5, 7, 3))


@pytest.mark.parametrize(("suffix", "dtype"), [(".pc16", np.float16), (".pc2", np.float32)])
def test_what_was_written_is_read_back(tmp_path, suffix, dtype):
    path = tmp_path / f"Top{suffix}"
    write_pointcache(path, FRAMES)
    cache = PointCache.open(path)
    assert (cache.num_points, cache.num_frames) == (7, 5)
    assert np.array_equal(cache.all(), FRAMES.astype(dtype).astype(np.float32))
    assert np.array_equal(cache.frame(3), FRAMES[3].astype(dtype).astype(np.float32))


def test_the_header_is_the_published_one(tmp_path):
    write_pointcache(tmp_path / "Top.pc16", FRAMES)
    raw = (tmp_path / "Top.pc16").read_bytes()
    assert struct.unpack("<12siiffi", raw[:32]) == (b"POINTCACHE2\0", 1, 7, 0.0, 1.0, 5)
    assert np.array_equal(np.frombuffer(raw[32:], "<f2").reshape(5, 7, 3), FRAMES.astype(np.float16))


@pytest.mark.parametrize("cut", [0, 10, 32, 33, -1])
def test_a_truncated_file_is_named(tmp_path, cut):
    path = tmp_path / "Top.pc16"
    write_pointcache(path, FRAMES)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(UserError, match=r"Top.pc16: truncated, \d+ bytes where"):
        PointCache.open(path)


def test_an_overlong_file_is_named(tmp_path):
    path = tmp_path / "Top.pc16"
    write_pointcache(path, FRAMES)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(UserError, match="too long"):
        PointCache.open(path)


def test_a_vertex_that_is_not_finite_is_named(tmp_path):
    path = tmp_path / "Top.pc16"
    write_pointcache(path, FRAMES)
    raw = bytearray(path.read_bytes())
    at = 32 + (2 * 7 + 4) * 6
    raw[at : at + 2] = np.float16(np.nan).tobytes()
    path.write_bytes(bytes(raw))
    cache = PointCache.open(path)
    cache.frame(1)
    with pytest.raises(UserError, match="Top.pc16: vertex 4 of frame 2 is not finite"):
        cache.frame(2)


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        ([], "no frames"),
        ([np.zeros((3, 3)), np.zeros((4, 3))], "frame 1 has the shape"),
        ([np.full((3, 3), 70000.0)], "not finite in float16"),
        ([np.full((3, 3), np.nan)], "not finite"),
        ([np.zeros((0, 3))], "every frame needs"),
    ],
)
def test_what_cannot_be_stored_leaves_no_file(tmp_path, frames, said):
    with pytest.raises(UserError, match=said):
        write_pointcache(tmp_path / "Top.pc16", frames)
    assert list(tmp_path.iterdir()) == []


def test_frames_out_of_range_and_foreign_names(tmp_path):
    write_pointcache(tmp_path / "Top.pc16", FRAMES)
    with pytest.raises(IndexError):
        PointCache.open(tmp_path / "Top.pc16").frame(5)
    with pytest.raises(UserError, match="end in .pc16 or .pc2"):
        PointCache.open(tmp_path / "Top.abc")
    with pytest.raises(UserError, match="no such file"):
        PointCache.open(tmp_path / "Skirt.pc16")


@settings(max_examples=150)
@given(magic=st.booleans(), data=st.binary(max_size=200))
def test_garbage_is_refused_or_read_whole(tmp_path, magic, data):
    path = tmp_path / "Top.pc16"
    path.write_bytes((b"POINTCACHE2\0" + struct.pack("<i", 1) if magic else b"") + data)
    try:
        PointCache.open(path).all()
    except UserError as error:
        assert "Top.pc16" in str(error)


@settings(max_examples=40)
@given(points=st.integers(1, 9), frames=st.integers(1, 5), seed=st.integers(0, 99))
def test_any_shape_goes_round(tmp_path, points, frames, seed):
    values = np.random.default_rng(seed).normal(size=(frames, points, 3)).astype(np.float16)
    write_pointcache(tmp_path / "Top.pc16", values)
    assert np.array_equal(PointCache.open(tmp_path / "Top.pc16").all(), values.astype(np.float32))
