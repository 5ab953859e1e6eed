"""How long a Matroska file says it is: a download cut short still plays, so only this tells."""

from pathlib import Path

_HEADER_ID, _SEGMENT_ID = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"


def matroska_size(path: Path) -> int | None:
    """Bytes that the file promises to hold; None for another format, or for a stream without a size."""
    with path.open("rb") as file:
        if file.read(4) != _HEADER_ID:
            return None
        skip = _variable_integer(file)
        if skip is None or skip > 4096:
            return None
        file.seek(skip, 1)
        if file.read(4) != _SEGMENT_ID:
            return None
        length = _variable_integer(file)
        return None if length is None else file.tell() + length


def _variable_integer(file) -> int | None:
    """EBML's integer: the first set bit says how many bytes follow; all ones means unknown."""
    first = file.read(1)
    if not first or first[0] == 0:
        return None
    extra = 8 - first[0].bit_length()
    rest = file.read(extra)
    if len(rest) != extra:
        return None
    bits = 7 * (extra + 1)
    value = int.from_bytes(first + rest, "big") & ((1 << bits) - 1)
    return None if value == (1 << bits) - 1 else value
