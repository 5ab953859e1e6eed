"""Damage to files: what a bad disk, a cut copy, or somebody who means harm could do."""

import json
import struct
import tarfile
from random import Random

NUMBERS = (0, 1, 2, 5, 127, 255, 2**15, 2**16, 2**24, 2**28, 2**31 - 1, 2**31, 2**32 - 1)
REALS = (float("nan"), float("inf"), -float("inf"), 1e308, -1e308, 5e-324, -0.0)
WORDS = (
    b"nan", b"inf", b"-1", b"0", b"1", b"1e999", b"99999999999999999999", b"0x10", b"1_0", b"../../x", b"\0", b"\n",
    b"\r", b"\\", b'"', b"{", b"}", b"[" * 3000, b"v 1 2 3", b"f 1 2 3", b"f -1 -2 -3", b"true", b"null", b"NaN",
    b"\xff\xfe", b"\xe2\x80\xa8", b"1.5", b"v", b"/", b"//", b" ", b"#",
)  # fmt: skip
VALUES = (0, 1, -1, 2**40, 2**70, 0.5, 1e300, "", "1", "x", "../x", "val", "a\nb", None, True, [], {}, [1], {"Top": 1})
BLOCK = 512
NAMES = (b"../../outside.json", b"/tmp/garment-outside.json", b"a.json", b"..", b".", b"", b"a/../../b.x", b"x" * 100)
SIZES = (b"77777777777", b"00000000000", b"-0000000001", b"\x80" + bytes(3) + b"\xff" * 8, b"00000001000")
KINDS_OF_MEMBER = b"0125367LKxgS\0V"


def damaged(whole: list[bytes], kind: str, rng: Random) -> bytes:
    """One of the files with one to four damages of those that its kind can suffer, mostly one."""
    data = bytearray(rng.choice(whole))
    kinds = [_flip, _set, _cut, _drop, _repeat, _insert, _number, _real, _zeros]
    kinds += {"Top.obj": [_word] * 9, "manifest.json": [_word, _leaf] * 9, "shard.tar": [_header] * 9}.get(kind, [])
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        if data:
            rng.choice(kinds)(data, rng)
    return bytes(data)


def _at(data: bytearray, rng: Random) -> int:
    """Somewhere; headers, at the beginning, as often as all else together."""
    return rng.randrange(min(len(data), 256)) if rng.random() < 0.5 else rng.randrange(len(data))


def _flip(data: bytearray, rng: Random) -> None:
    data[_at(data, rng)] ^= 1 << rng.randrange(8)


def _set(data: bytearray, rng: Random) -> None:
    data[_at(data, rng)] = rng.randrange(256)


def _cut(data: bytearray, rng: Random) -> None:
    del data[_at(data, rng) :]


def _drop(data: bytearray, rng: Random) -> None:
    start = _at(data, rng)
    del data[start : start + rng.choice((1, 4, 8, 100, BLOCK))]


def _repeat(data: bytearray, rng: Random) -> None:
    start = _at(data, rng)
    data[start:start] = data[start : start + rng.choice((1, 8, 100, BLOCK, 5000))]


def _insert(data: bytearray, rng: Random) -> None:
    start = _at(data, rng)
    data[start:start] = rng.randbytes(rng.choice((1, 4, 8, 64)))


def _number(data: bytearray, rng: Random) -> None:
    start = _at(data, rng) // 4 * 4
    data[start : start + 4] = struct.pack("<I", rng.choice(NUMBERS))


def _real(data: bytearray, rng: Random) -> None:
    start, form = _at(data, rng), rng.choice(("<d", "<f"))
    real = rng.choice(REALS)
    data[start : start + struct.calcsize(form)] = struct.pack(form, real if form == "<d" or abs(real) < 1e38 else 1e38)


def _zeros(data: bytearray, rng: Random) -> None:
    start, length = _at(data, rng), rng.choice((4, 16, BLOCK))
    data[start : start + length] = bytes(len(data[start : start + length]))


def _word(data: bytearray, rng: Random) -> None:
    """Puts a word in another's place, or between two."""
    places = [at for at in range(len(data)) if data[at : at + 1] in b' \n,:"/'] or [0]
    start = rng.choice(places)
    following = [at for at in places if at > start]
    end = min(following, default=start) if rng.random() < 0.7 else start
    data[start:end] = data[start : start + 1] + rng.choice(WORDS)


def _leaf(data: bytearray, rng: Random) -> None:
    """Gives a field of a JSON file another value, or takes it away."""
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        return
    places = [(tree, name) for name in tree] if isinstance(tree, dict) else []
    for node, name in places:  # grows meanwhile
        inner = node[name]
        if isinstance(inner, dict | list):
            places += [(inner, each) for each in (inner if isinstance(inner, dict) else range(len(inner)))]
    if not places:
        return
    node, name = rng.choice(places)
    if rng.random() < 0.2:
        del node[name]
    else:
        node[name] = rng.choice((*VALUES, node[name]))
    data[:] = json.dumps(tree).encode()


def _header(data: bytearray, rng: Random) -> None:
    """Changes a field of a tar header, and its checksum with it, so that it is believed."""
    headers = [at for at in range(0, len(data) - BLOCK + 1, BLOCK) if data[at + 257 : at + 262] == b"ustar"]
    if not headers:
        return
    at = rng.choice(headers)
    field = rng.choice(("name", "size", "type", "link", "prefix"))
    if field == "size":
        data[at + 124 : at + 136] = rng.choice(SIZES).ljust(12, b"\0")[:12]
    elif field == "type":
        data[at + 156] = rng.choice(KINDS_OF_MEMBER)
    else:
        start, length = {"name": (0, 100), "link": (157, 100), "prefix": (345, 155)}[field]
        data[at + start : at + start + length] = rng.choice(NAMES).ljust(length, b"\0")[:length]
    data[at + 148 : at + 156] = b" " * 8
    data[at + 148 : at + 156] = b"%06o\0 " % tarfile.calc_chksums(bytes(data[at : at + BLOCK]))[0]
