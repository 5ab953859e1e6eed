"""MATLAB 5 files (`info.mat`) as plain Python trees, for files that may be damaged.

scipy's reader ends the whole process with a segmentation fault on some damaged files (scipy 1.17 and 1.18, within
seconds of changing bytes at random), and one spoilt sequence must not end a preparation of thousands. This reader
checks every length against what is there. It knows what CLOTH3D uses: numbers, text, cells and structs, plain or
compressed. Source of the layout: MathWorks, "MAT-File Format", level 5.
"""

import struct
import zlib
from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_TEXTS = {2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT, _CHAR = 1, 2, 4
_NUMERIC_CLASSES = range(6, 16)
_COMPLEX = 0x0800
_LARGEST = 1 << 28
"""Bytes that a compressed variable may unpack to."""
_DEEPEST = 16


class MatError(ValueError):
    """The bytes are no MATLAB 5 file, or a damaged one, or hold what CLOTH3D never does."""


def parse(data: bytes) -> dict[str, Any]:
    """Variables by name: float64 arrays squeezed, float, str, list (cell, struct array), dict (struct); MatError."""
    if len(data) < 128 or data[126:128] not in (b"IM", b"MI"):
        raise MatError("no MATLAB 5 header")
    order = "<" if data[126:128] == b"IM" else ">"
    found = {}
    for kind, body in _elements(data[128:], order):
        if kind == _COMPRESSED:
            unpacked = _unpack(body)
            kind, body = next(_elements(unpacked, order), (0, b""))
        if kind != _MATRIX:
            raise MatError(f"an element of type {kind} where a variable should stand")
        name, value = _matrix(body, order, 0)
        found[name] = value
    return found


def _unpack(body: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(body, _LARGEST)
    except zlib.error as error:
        raise MatError(str(error)) from None
    if not unpacker.eof:
        raise MatError("a compressed variable is cut short")
    return unpacked


def _elements(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """(type, content) of each element that follows another in `data`."""
    at = 0
    while at < len(data):
        if len(data) - at < 8:
            raise MatError("an element is cut short")
        kind, size = struct.unpack_from(order + "II", data, at)
        if kind >> 16:  # a small element: type, size and up to four bytes in one word pair
            kind, size = kind & 0xFFFF, kind >> 16
            start, following = at + 4, at + 8
            if size > 4:
                raise MatError("a small element is too large")
        else:
            start = at + 8
            following = start + size + (0 if kind == _COMPRESSED else -size % 8)
        if start + size > len(data):
            raise MatError("an element is cut short")
        yield kind, data[start : start + size]
        at = following


def _matrix(body: bytes, order: str, depth: int) -> tuple[str, Any]:
    """Name and value of one miMATRIX element."""
    if not body:
        return "", np.zeros(0)
    if depth > _DEEPEST:
        raise MatError("nested too deeply")
    parts = list(_elements(body, order))
    if len(parts) < 3 or len(parts[0][1]) != 8:
        raise MatError("a variable without flags, shape and name")
    flags = struct.unpack(order + "I", parts[0][1][:4])[0]
    shape = tuple(int(size) for size in _numbers(*parts[1], order))
    if len(shape) < 2 or min(shape) < 0 or prod(shape) > len(body):
        raise MatError(f"a variable of the shape {shape} in {len(body)} bytes")
    name, rest = parts[2][1].decode("latin-1"), parts[3:]
    kind = flags & 0xFF
    if kind == _CELL:
        return name, _children(rest, prod(shape), order, depth)
    if kind == _STRUCT:
        return name, _struct(rest, prod(shape), order, depth)
    if kind == _CHAR:
        return name, _text(rest, shape, order)
    if kind in _NUMERIC_CLASSES and not flags & _COMPLEX and len(rest) == 1:
        values = _numbers(*rest[0], order)
        if len(values) != prod(shape):
            raise MatError(f"{len(values)} numbers for the shape {shape}")
        values = values.astype(np.float64).reshape(shape, order="F").squeeze()
        return name, float(values) if values.ndim == 0 else values
    raise MatError(f"a variable of class {kind}, which CLOTH3D's files never hold")


def _children(parts: list[tuple[int, bytes]], count: int, order: str, depth: int) -> list[Any]:
    if len(parts) != count or any(kind != _MATRIX for kind, _ in parts):
        raise MatError(f"{len(parts)} parts where {count} are announced")
    return [_matrix(body, order, depth + 1)[1] for _, body in parts]


def _struct(parts: list[tuple[int, bytes]], count: int, order: str, depth: int) -> dict[str, Any] | list[Any]:
    if len(parts) < 2:
        raise MatError("a struct without field names")
    lengths = _numbers(*parts[0], order)
    length = int(lengths[0]) if len(lengths) == 1 else 0
    names = parts[1][1]
    if length < 1 or len(names) % length:
        raise MatError("a struct with broken field names")
    fields = [names[at : at + length].split(b"\0")[0].decode("latin-1") for at in range(0, len(names), length)]
    values = _children(parts[2:], count * len(fields), order, depth)
    rows = [
        dict(zip(fields, values[at : at + len(fields)], strict=True)) for at in range(0, len(values), len(fields) or 1)
    ]
    return rows[0] if count == 1 and rows else rows


def _text(parts: list[tuple[int, bytes]], shape: tuple[int, ...], order: str) -> str | list[str]:
    if prod(shape) == 0:
        return ""
    if len(parts) != 1 or parts[0][0] not in _TEXTS:
        raise MatError("text in an unknown encoding")
    kind, content = parts[0]
    encoding = _TEXTS[kind] + ({"<": "-le", ">": "-be"}[order] if kind in (4, 17, 18) else "")
    text = content.decode(encoding)
    if len(text) != prod(shape):
        raise MatError(f"{len(text)} letters for the shape {shape}")
    rows = shape[0]
    lines = [text[row::rows].rstrip() if rows > 1 else text for row in range(rows)]
    return lines if rows > 1 else lines[0]


def _numbers(kind: int, content: bytes, order: str) -> np.ndarray:
    if kind not in _NUMBERS:
        raise MatError(f"numbers of the unknown type {kind}")
    dtype = np.dtype(order + _NUMBERS[kind])
    if len(content) % dtype.itemsize:
        raise MatError("numbers are cut short")
    return np.frombuffer(content, dtype)
