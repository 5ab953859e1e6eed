"""Samples survive their encoding within its steps, and damaged members are told in one line."""

import dataclasses
import io
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from garment_uv.classes import SKIN
from garment_uv.errors import UserError
from garment_uv.samples.codec import OutOfRange, decode_sample, encode_sample
from tests.garment_uv.samples.made import IMAGE, made_atlas, made_format, made_sample

FORM = made_format()
SAMPLE = made_sample(made_atlas(), "val", raw=True)
MEMBERS = encode_sample(SAMPLE, FORM)


def npy(values, **options) -> bytes:
    out = io.BytesIO()
    np.save(out, values, **options)
    return out.getvalue()


def test_everything_comes_back():
    back = decode_sample(SAMPLE.key, MEMBERS, FORM)
    assert (back.key, back.topology, back.sequence) == (SAMPLE.key, SAMPLE.topology, "val-00001")
    for name in ("segments", "vertex_classes", "mask", "parsing"):
        assert np.array_equal(getattr(back, name), getattr(SAMPLE, name))
    assert np.abs(back.displacement_uv - SAMPLE.displacement_uv).max() <= 0.5 / 65534 * 1.001
    assert np.abs(back.body_uv - SAMPLE.body_uv).max() <= 1.5 / 65534 * 1.001
    assert np.abs(back.body_vertices - SAMPLE.body_vertices).max() <= 1.5 / 65534 * 1.001
    assert back.displacement_uv.dtype == back.body_uv.dtype == back.body_vertices.dtype == np.float32
    assert (back.displacement_uv[SAMPLE.displacement_uv == 0] == 0).all()
    for name in ("gender", "zrot"):
        assert getattr(back.body, name) == getattr(SAMPLE.body, name)
    for name in ("shape", "pose", "trans", "camera"):
        assert np.array_equal(getattr(back.body, name), getattr(SAMPLE.body, name))
    assert list(back.garments) == ["Tshirt", "Trousers"]
    for name, garment in SAMPLE.garments.items():
        assert np.array_equal(back.garments[name].vertices, garment.vertices)
        assert np.array_equal(back.garments[name].faces, garment.faces)


def test_jpg_is_close_and_png_is_exact():
    close = decode_sample(SAMPLE.key, MEMBERS, FORM).image.astype(int)
    assert np.abs(close - SAMPLE.image).mean() < 2
    form = made_format("png")
    exact = decode_sample(SAMPLE.key, encode_sample(SAMPLE, form), form)
    assert np.array_equal(exact.image, SAMPLE.image)


def test_a_dataset_without_labels_stays_readable():
    form = made_format(labels=False)
    members = encode_sample(SAMPLE, form)
    assert not {"mask.png", "parsing.png"} & set(members)
    back = decode_sample(SAMPLE.key, members, form)
    assert back.mask is None and back.parsing is None


def test_labels_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="mask is no uint8"):
        encode_sample(dataclasses.replace(SAMPLE, mask=None), FORM)
    beyond = io.BytesIO()
    Image.fromarray(np.full((IMAGE, IMAGE), SKIN + 1, np.uint8)).save(beyond, "PNG")
    colours = io.BytesIO()
    Image.fromarray(SAMPLE.image).save(colours, "PNG")
    for data, why in ((beyond, "label 8 of 7"), (colours, "its pixels are RGB"), (io.BytesIO(b"GIF8"), "parsing.png")):
        with pytest.raises(UserError, match=why):
            decode_sample(SAMPLE.key, {**MEMBERS, "parsing.png": data.getvalue()}, FORM)


def test_training_samples_carry_no_meshes():
    members = encode_sample(made_sample(made_atlas()), FORM)
    assert not [name for name in members if name.startswith("garment")]
    assert decode_sample("k", members, FORM).garments == {}


@pytest.mark.parametrize("field, value", [("displacement_uv", 0.51), ("body_uv", -1.6), ("body_vertices", np.nan)])
def test_out_of_range_is_refused_by_name(field, value):
    changed = np.array(getattr(SAMPLE, field))
    changed.flat[5] = value
    with pytest.raises(OutOfRange) as refused:
        encode_sample(dataclasses.replace(SAMPLE, **{field: changed}), FORM)
    assert field.split("_")[0] in str(refused.value)


def test_wrong_shapes_and_keys_are_refused():
    with pytest.raises(ValueError, match="segments"):
        encode_sample(dataclasses.replace(SAMPLE, segments=SAMPLE.segments[:-1]), FORM)
    with pytest.raises(ValueError, match="dots"):
        encode_sample(dataclasses.replace(SAMPLE, key="a.b"), FORM)


def broken(name: str, data: bytes | None) -> str:
    members = {**MEMBERS, name: data}
    if data is None:
        del members[name]
    with pytest.raises(UserError) as refused:
        decode_sample(SAMPLE.key, members, FORM)
    line = str(refused.value)
    assert name in line and SAMPLE.key in line and "\n" not in line
    return line


@pytest.mark.parametrize("name", list(MEMBERS))
def test_a_missing_empty_or_cut_member_is_named(name):
    assert "missing" in broken(name, None)
    broken(name, b"")
    broken(name, MEMBERS[name][: len(MEMBERS[name]) // 2])


class Boom:
    def __reduce__(self):
        return (exec, ("raise SystemExit('a pickle was run')",))


def test_no_pickle_is_ever_run():
    broken("segments.npy", pickle.dumps(Boom()))
    broken("segments.npy", npy(np.array([Boom()], dtype=object), allow_pickle=True))
    broken("json", pickle.dumps(Boom()))


def test_arrays_of_other_types_shapes_and_values_are_refused():
    broken("segments.npy", npy(SAMPLE.segments.astype(np.int64)))
    broken("segments.npy", npy(SAMPLE.segments[None]))
    broken("segments.npy", npy(np.full_like(SAMPLE.segments, 7)))
    broken("displacement.npy", npy(np.zeros((3, 16, 16), np.uint16)))
    broken("garment.tshirt.faces.npy", npy(np.array([[0, 1, 7]], np.int32)))
    broken("garment.tshirt.faces.npy", npy(np.array([[0, 1, -1]], np.int32)))
    assert "not finite" in broken("garment.tshirt.vertices.npy", npy(np.full((7, 3), np.nan, np.float32)))


def test_an_image_of_another_size_or_a_bomb_is_refused():
    out = io.BytesIO()
    Image.new("RGB", (41, 40)).save(out, "JPEG")
    assert "41x40" in broken("image.jpg", out.getvalue())
    out = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, "PNG")
    broken("image.jpg", out.getvalue())


@pytest.mark.parametrize(
    "text",
    ["[]", "{}", "null", "[" * 100_000, '{"schema": 2}', '{"schema":1,"topology":"x","garments":[],"body":{}}',
     '{"schema":1,"topology":"skirt","garments":["Hat"],"body":{}}',
     '{"schema":1,"topology":"skirt","garments":[{}],"body":{}}'],
)  # fmt: skip
def test_meta_data_that_do_not_fit_are_refused(text):
    broken("json", text.encode())


@settings(max_examples=150)
@given(name=st.sampled_from(list(MEMBERS)), data=st.data())
def test_no_damage_raises_anything_but_a_line(name, data):
    """Bytes changed, cut and inserted at random: the sample decodes, or one line says no."""
    raw = bytearray(MEMBERS[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw)))
        raw[at : at + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
    try:
        decode_sample(SAMPLE.key, {**MEMBERS, name: bytes(raw)}, FORM)
    except UserError as error:
        assert "\n" not in str(error)
