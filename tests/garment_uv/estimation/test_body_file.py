"""Body files: both kinds, and what is no body file."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garment_uv.errors import UserError
from garment_uv.estimation.body_file import BodyFile
from garment_uv.samples.sample import FrameBody
from tests.garment_uv.written import read_body_file, write_body_file


def a_body() -> FrameBody:
    rng = np.random.default_rng(3)
    arrays = {
        name: rng.normal(size=n).astype(np.float32)
        for name, n in (("shape", 10), ("pose", 72), ("trans", 3), ("camera", 3))
    }
    return FrameBody(gender=1, zrot=0.7, **arrays)


@pytest.mark.parametrize("suffix", [".json", ".npz"])
def test_round_trip_keeps_every_bit(tmp_path, suffix):
    body = a_body()
    path = tmp_path / f"body{suffix}"
    write_body_file(path, BodyFile.of_frame(body, "anny"))
    read = read_body_file(path)
    assert read.body_model == "anny"
    frame = read.frame()
    assert (frame.gender, frame.zrot) == (1, 0.7)
    for name in ("shape", "pose", "trans", "camera"):
        assert np.array_equal(getattr(frame, name), getattr(body, name))


def refused(path, match):
    with pytest.raises(UserError, match=match) as caught:
        read_body_file(path)
    assert "\n" not in str(caught.value)


def test_ugly_files(tmp_path):
    good = BodyFile.of_frame(a_body(), "anny").plain()
    refused(tmp_path / "none.json", "no body file")
    refused(tmp_path / "body.txt", ".json or .npz")
    for name, change in (("pose", [0.0] * 71), ("gender", 2), ("camera", [0, float("nan"), 0]), ("more", 1)):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps({**good, name: change}))
        refused(path, name)
    whole = tmp_path / "whole.npz"
    write_body_file(whole, BodyFile.from_plain(good))
    (tmp_path / "cut.npz").write_bytes(whole.read_bytes()[:300])
    refused(tmp_path / "cut.npz", "cut.npz")


@settings(max_examples=60)
@given(
    content=st.binary(max_size=200)
    | st.text(max_size=80).map(str.encode)
    | st.recursive(
        st.none() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode())
)
@pytest.mark.parametrize("suffix", [".json", ".npz"])
def test_no_content_gets_past_as_anything_but_a_user_error(tmp_path, suffix, content):
    path = tmp_path / f"any{suffix}"
    path.write_bytes(content)
    with pytest.raises(UserError):
        read_body_file(path)


@pytest.mark.parametrize("name", ["self", "values", "model_config"])
def test_fields_named_like_the_programs_own_are_refused(tmp_path, name):
    path = tmp_path / "body.json"
    path.write_text(json.dumps({**BodyFile.of_frame(a_body(), "anny").plain(), name: 1}))
    refused(path, name)
