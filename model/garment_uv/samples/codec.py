"""One sample as the members of a WebDataset tar, and back.

| member | what |
|---|---|
| `json` | schema, topology, body parameters, garments in order, shape of the image |
| `image.jpg` or `image.png` | the image |
| `mask.png`, `parsing.png` | in datasets with labels, uint8 [I, I] |
| `displacement.npy`, `body.npy` | uint16 [3, U, U] over the manifest's ranges |
| `segments.npy`, `vertex_classes.npy` | uint8 |
| `body_vertices.npy` | uint16 [V, 3] over the body's range |
| `garment.<class>.vertices.npy`, `.faces.npy` | raw mesh, evaluation splits only, float32 and int32 |

A sample's members are named `<key>.<member>`, in lower case, as webdataset gives them. No member is a pickle, and
the reader knows no way to read one.
"""

import io
import json
import math
import tokenize
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import simplejpeg
from PIL import Image, UnidentifiedImageError

from garment_uv.classes import GARMENT_CLASSES, NUM_CLASSES, SKIN
from garment_uv.errors import UserError, one_line
from garment_uv.samples.sample import FrameBody, RawGarment, Sample
from garment_uv.uv.codec import decode_u16, encode_u16

Buffer = bytes | memoryview

_SCHEMA = 1
_JPEG_QUALITY = 95
LABELS = ("mask", "parsing")
_LENGTH_AT = slice(8, 10)
"""Where a .npy of version 1.0 tells the length of its header."""


class OutOfRange(ValueError):
    """A map or vertex that the recorded range cannot hold; the message gives the largest value."""


@dataclass(frozen=True)
class SampleFormat:
    """What a dataset's manifest fixes about every sample of it."""

    map_size: int
    """U, texels."""
    image_size: int
    """I, px."""
    num_vertices: int
    """V of the body topology."""
    displacement_limit_m: float
    body_limit_m: float
    image_format: Literal["jpg", "png"] = "jpg"
    labels: bool = False
    """Whether every sample has a mask and a parsing."""


def encode_sample(sample: Sample, form: SampleFormat) -> dict[str, bytes]:
    """Members of one sample, in the order in which they are stored.

    Raises OutOfRange when a value leaves its range, ValueError when an array has another shape or type.
    """
    _check_shapes(sample, form)
    members = {
        "json": _meta(sample),
        f"image.{form.image_format}": _encode_image(sample.image, form.image_format),
        "displacement.npy": _npy(_coded("displacement", sample.displacement_uv, form.displacement_limit_m)),
        "body.npy": _npy(_coded("body", sample.body_uv, form.body_limit_m)),
        "segments.npy": _npy(sample.segments),
        "vertex_classes.npy": _npy(sample.vertex_classes),
        "body_vertices.npy": _npy(_coded("body vertices", sample.body_vertices, form.body_limit_m)),
    }
    if form.labels:
        members |= {f"{name}.png": _encode_image(getattr(sample, name), "png") for name in LABELS}
    for name, garment in sample.garments.items():
        members[_garment_member(name, "vertices")] = _npy(np.asarray(garment.vertices, np.float32))
        members[_garment_member(name, "faces")] = _npy(np.asarray(garment.faces, np.int32))
    return members


@dataclass(frozen=True)
class StoredSample:
    """A sample's members, checked, as they are stored: views of their bytes."""

    displacement: np.ndarray
    """uint16 [3, U, U] over the displacement's range."""
    body_uv: np.ndarray
    """uint16 [3, U, U] over the body's range."""
    body_vertices: np.ndarray
    """uint16 [V, 3] over the body's range."""
    segments: np.ndarray
    """uint8 [U, U]."""
    vertex_classes: np.ndarray
    """uint8 [V]."""
    image: np.ndarray
    """uint8 [I, I, 3]."""
    topology: str
    body: FrameBody
    garments: list[str]
    """Names of those whose raw meshes are stored with it."""
    mask: np.ndarray | None = None
    """uint8 [I, I]; None in datasets without labels, as the parsing."""
    parsing: np.ndarray | None = None
    """uint8 [I, I]."""


def read_stored(key: str, members: dict[str, Buffer], form: SampleFormat) -> StoredSample:
    """All but the raw meshes of what `encode_sample` wrote; raises UserError naming the member that cannot be read."""
    meta = _read_meta(key, members)
    size, vertices = form.map_size, form.num_vertices

    def array(name: str, dtype: type, shape: tuple[int, ...]) -> np.ndarray:
        return _read_npy(key, members, name, dtype, shape)

    segments = array("segments.npy", np.uint8, (size, size))
    vertex_classes = array("vertex_classes.npy", np.uint8, (vertices,))
    for name, values in (("segments.npy", segments), ("vertex_classes.npy", vertex_classes)):
        if values.max(initial=0) > NUM_CLASSES:
            raise _bad(key, name, f"class {values.max()} of {NUM_CLASSES}")
    return StoredSample(
        displacement=array("displacement.npy", np.uint16, (3, size, size)),
        body_uv=array("body.npy", np.uint16, (3, size, size)),
        body_vertices=array("body_vertices.npy", np.uint16, (vertices, 3)),
        segments=segments,
        vertex_classes=vertex_classes,
        image=_decode_image(key, members, form),
        topology=meta["topology"],
        body=meta["body"],
        garments=meta["garments"],
        **{name: _decode_label(key, members, name, form) for name in LABELS if form.labels},
    )


def decode_sample(key: str, members: dict[str, Buffer], form: SampleFormat) -> Sample:
    """The sample that `encode_sample` wrote; raises UserError naming the member that cannot be read."""
    stored = read_stored(key, members, form)
    return Sample(
        key=key,
        image=stored.image,
        body_uv=decode_u16(stored.body_uv, form.body_limit_m),
        displacement_uv=decode_u16(stored.displacement, form.displacement_limit_m),
        segments=stored.segments.copy(),
        vertex_classes=stored.vertex_classes.copy(),
        body_vertices=decode_u16(stored.body_vertices, form.body_limit_m),
        topology=stored.topology,
        body=stored.body,
        garments={name: _read_garment(key, members, name) for name in stored.garments},
        mask=stored.mask,
        parsing=stored.parsing,
    )


def decode_picture(key: str, members: dict[str, Buffer], form: SampleFormat) -> tuple[np.ndarray, FrameBody]:
    """Only the image uint8 [I, I, 3] and the body of a sample, for readers who need no maps."""
    return _decode_image(key, members, form), _read_meta(key, members)["body"]


def _coded(what: str, values: np.ndarray, limit_m: float) -> np.ndarray:
    try:
        return encode_u16(values, limit_m)
    except ValueError as error:
        raise OutOfRange(f"{what}: {error}") from None


def _check_shapes(sample: Sample, form: SampleFormat) -> None:
    size, image, vertices = form.map_size, form.image_size, form.num_vertices
    for name, value, dtype, shape in (
        ("image", sample.image, np.uint8, (image, image, 3)),
        ("body_uv", sample.body_uv, np.float32, (3, size, size)),
        ("displacement_uv", sample.displacement_uv, np.float32, (3, size, size)),
        ("segments", sample.segments, np.uint8, (size, size)),
        ("vertex_classes", sample.vertex_classes, np.uint8, (vertices,)),
        ("body_vertices", sample.body_vertices, np.float32, (vertices, 3)),
    ):
        if value.dtype != dtype or value.shape != shape:
            raise ValueError(f"{name} is {value.dtype} {value.shape}, expected {np.dtype(dtype)} {shape}")
    for name in LABELS if form.labels else ():
        value = getattr(sample, name)
        if value is None or value.dtype != np.uint8 or value.shape != (image, image):
            raise ValueError(f"{name} is no uint8 {(image, image)}, and every sample of this dataset has one")
    if "." in sample.key or "/" in sample.key:
        raise ValueError(f"a sample's key has no dots or slashes, was given {sample.key!r}")


def _meta(sample: Sample) -> bytes:
    body = sample.body
    values: dict[str, Any] = {
        "schema": _SCHEMA,
        "topology": sample.topology,
        "garments": list(sample.garments),
        "body": {
            "gender": int(body.gender),
            "zrot": float(body.zrot),
            **{name: np.asarray(getattr(body, name), np.float32).tolist() for name in _BODY_ARRAYS},
        },
    }
    return json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


_BODY_ARRAYS = {"shape": 10, "pose": 72, "trans": 3, "camera": 3}


def _read_meta(key: str, members: dict[str, Buffer]) -> dict[str, Any]:
    """Checked meta data, with `body` already a FrameBody."""
    try:
        values = json.loads(bytes(_member(key, members, "json")))
        if values["schema"] != _SCHEMA:
            raise ValueError(f"schema {values['schema']!r}, this program reads {_SCHEMA}")
        if values["topology"] not in ("default", "skirt"):
            raise ValueError(f"topology {values['topology']!r}")
        garments = values["garments"]
        if not isinstance(garments, list) or not all(name in GARMENT_CLASSES for name in garments):
            raise ValueError(f"garments {garments!r}")
        raw = values["body"]
        arrays = {name: np.asarray(raw[name], np.float32) for name in _BODY_ARRAYS}
        for name, length in _BODY_ARRAYS.items():
            if arrays[name].shape != (length,) or not np.isfinite(arrays[name]).all():
                raise ValueError(f"body {name} is not {length} finite numbers")
        body = FrameBody(gender=int(raw["gender"]), zrot=float(raw["zrot"]), **arrays)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise _bad(key, "json", repr(error)) from None
    return {"topology": values["topology"], "garments": garments, "body": body}


def _encode_image(image: np.ndarray, image_format: str) -> bytes:
    out = io.BytesIO()
    if image_format == "jpg":
        Image.fromarray(image).save(out, "JPEG", quality=_JPEG_QUALITY)
    else:
        Image.fromarray(image).save(out, "PNG", compress_level=6)
    return out.getvalue()


def _decode_image(key: str, members: dict[str, Buffer], form: SampleFormat) -> np.ndarray:
    name = f"image.{form.image_format}"
    data = _member(key, members, name)
    try:
        if form.image_format == "jpg":  # four times as fast as Pillow, and the same pixels
            height, width, *_ = simplejpeg.decode_jpeg_header(data)
            _check_size(key, name, (width, height), form)
            return simplejpeg.decode_jpeg(data)
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            _check_size(key, name, image.size, form)
            return np.array(image.convert("RGB"))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        raise _bad(key, name, str(error)) from None


def _decode_label(key: str, members: dict[str, Buffer], name: str, form: SampleFormat) -> np.ndarray:
    """The mask or the parsing, a grey PNG."""
    member = f"{name}.png"
    try:
        with Image.open(io.BytesIO(_member(key, members, member)), formats=["PNG"]) as image:
            _check_size(key, member, image.size, form)
            if image.mode != "L":
                raise ValueError(f"its pixels are {image.mode}, expected L")
            values = np.array(image)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        raise _bad(key, member, str(error)) from None
    if name == "parsing" and values.max(initial=0) > SKIN:
        raise _bad(key, member, f"label {values.max()} of {SKIN}")
    return values


def _check_size(key: str, name: str, size: tuple[int, int], form: SampleFormat) -> None:
    if size != (form.image_size, form.image_size):
        raise _bad(key, name, f"{size[0]}x{size[1]} px, expected {form.image_size} a side")


def _npy(values: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array(out, np.ascontiguousarray(values), version=(1, 0), allow_pickle=False)
    return out.getvalue()


def _read_npy(
    key: str, members: dict[str, Buffer], name: str, dtype: type, shape: tuple[int | None, ...]
) -> np.ndarray:
    """A view of the array, its type and shape checked by the header before any of its bytes is taken."""
    data = _member(key, members, name)
    start = _LENGTH_AT.stop + int.from_bytes(data[_LENGTH_AT], "little")
    try:
        found, fortran, found_dtype = _header(bytes(data[:start]))
    except (ValueError, SyntaxError, TypeError, OverflowError, RecursionError, tokenize.TokenError) as error:
        raise _bad(key, name, str(error)) from None
    fits = len(found) == len(shape) and all(want in (None, have) for have, want in zip(found, shape, strict=True))
    if found_dtype != dtype or fortran or not fits:
        raise _bad(key, name, f"it holds {found_dtype} {found}, expected {np.dtype(dtype)} {shape}")
    count = math.prod(found)
    if len(data) - start != count * found_dtype.itemsize:
        raise _bad(key, name, f"it has {len(data) - start} bytes for {count} values")
    return np.frombuffer(data, found_dtype, count, start).reshape(found)


@lru_cache(maxsize=64)
def _header(data: bytes) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, order and type by the bytes before an array's own: a dataset has few different ones."""
    file = io.BytesIO(data)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("it is no .npy of version 1.0")
    return np.lib.format.read_array_header_1_0(file)


def _read_garment(key: str, members: dict[str, Buffer], name: str) -> RawGarment:
    vertices = _read_npy(key, members, _garment_member(name, "vertices"), np.float32, (None, 3)).copy()
    faces = _read_npy(key, members, _garment_member(name, "faces"), np.int32, (None, 3)).copy()
    if not np.isfinite(vertices).all():
        raise _bad(key, _garment_member(name, "vertices"), "a vertex is not finite")
    if faces.size and not 0 <= faces.min() <= faces.max() < len(vertices):
        raise _bad(key, _garment_member(name, "faces"), "a face names a vertex that is not there")
    return RawGarment(vertices=vertices, faces=faces)


def _garment_member(garment: str, part: str) -> str:
    return f"garment.{garment.lower()}.{part}.npy"


def _member(key: str, members: dict[str, Buffer], name: str) -> Buffer:
    if name not in members:
        raise _bad(key, name, "it is missing")
    return members[name]


def _bad(key: str, name: str, why: str) -> UserError:
    return UserError(
        f"sample {key}: cannot read {name}: {one_line(why, 200)}; check the dataset with `garment data verify`"
    )
