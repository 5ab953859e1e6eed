"""One large object in parallel parts, each tried again by itself, hashed while the later ones are on their way."""

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from garment_sweeps.storage.s3_errors import DamagedInTransit

PART_BYTES = 8 * 2**20
"""Bytes of a part."""
PARTS_AT_ONCE = 4
"""Parts on their way at a time, of one object; a loader's processes fetch several objects at once."""
BLOCK = 2**20
_WHOLE = re.compile(r"^bytes \d+-\d+/(\d+)\Z")


def blocks_of(answer: dict[str, Any]) -> Iterator[bytes]:
    """The body of boto3's answer, a block at a time; raises when the line is cut.

    The body's own context manager gives the stream beneath it, which takes a cut for the end (botocore 1.44).
    """
    with closing(answer["Body"]) as body:
        while block := body.read(BLOCK):
            yield block


class _OtherSize(Exception):
    """The object has another size than it should: its parts are of no use."""


def read_ranges(
    get: Callable[..., dict[str, Any]], retried: Callable[[Callable[[], None]], None], path: Path, size: int
) -> tuple[int, str]:
    """Writes an object of `size` bytes to `path`: the size that it has, and the sha256 of what the file then holds.

    An object of another size is not read to its end, and the sha256 is then empty. Memory holds a block of each part
    on its way, whatever the size.

    Args:
        get: answers `get(Range=...)` as boto3's get_object does.
        retried: makes a call again until it succeeds, or raises.
    """
    digest = hashlib.sha256()
    with open(path, "w+b") as file, ThreadPoolExecutor(PARTS_AT_ONCE) as threads:
        if size:
            os.posix_fallocate(file.fileno(), 0, size)
        parts = [(start, min(start + PART_BYTES, size)) for start in range(0, size, PART_BYTES)]

        def fetch(part: tuple[int, int]) -> tuple[int, int]:
            retried(lambda: _read_part(get, file.fileno(), *part, size))
            return part

        try:
            for start, end in threads.map(fetch, parts):
                for at in range(start, end, BLOCK):
                    digest.update(os.pread(file.fileno(), min(BLOCK, end - at), at))
        except _OtherSize as other:
            return other.args[0], ""
        finally:
            threads.shutdown(cancel_futures=True)
    return size, digest.hexdigest()


def _read_part(get: Callable[..., dict[str, Any]], file: int, start: int, end: int, size: int) -> None:
    try:
        answer = get(Range=f"bytes={start}-{end - 1}")
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "InvalidRange":
            raise _OtherSize(start) from None
        raise
    with closing(answer["Body"]):
        whole = _WHOLE.match(answer.get("ContentRange", ""))
        whole_size = int(whole[1]) if whole else answer["ContentLength"]
        if whole_size != size:
            raise _OtherSize(whole_size)
        if answer["ContentLength"] != end - start:
            raise DamagedInTransit(f"bytes {start} to {end - 1} were asked for, {answer['ContentLength']} came")
        at = start
        for block in blocks_of(answer):
            at += os.pwrite(file, block, at)
    if at != end:
        raise DamagedInTransit(f"bytes {start} to {end - 1} were asked for, {at - start} came")
