"""WebDataset tars: written with the same bytes every time, read by offset without unpacking.

A shard is a plain ustar archive whose members `<key>.<member>` stand in sample order; every header has mtime 0, uid and
gid 0, no user names and mode 0644. Since tar is a chain of blocks, samples that were encoded apart, by several
processes, can be joined as they are: `tar_blocks` gives a sample's blocks, and a shard is such blocks plus `TAR_END`.
"""

import os
import tarfile
from collections.abc import Collection
from dataclasses import dataclass
from io import BufferedIOBase, BufferedReader, FileIO
from pathlib import Path
from typing import BinaryIO

from garment_uv.errors import UserError, one_line

TAR_END = b"\0" * 1024
"""The two zero blocks that end an archive."""
_BLOCK = 512


def tar_blocks(key: str, members: dict[str, bytes]) -> bytes:
    """Header and data blocks of one sample's members, in the order given."""
    parts = []
    for name, data in members.items():
        info = tarfile.TarInfo(f"{key}.{name}")
        info.size = len(data)
        info.mtime = info.uid = info.gid = 0
        info.uname = info.gname = ""
        info.mode = 0o644
        parts += [info.tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict"), data, b"\0" * (-len(data) % _BLOCK)]
    return b"".join(parts)


@dataclass(frozen=True)
class ShardSample:
    """Where one sample's members lie in a shard."""

    key: str
    members: dict[str, tuple[int, int]]
    """Member name -> (offset, length) in bytes."""

    def read(self, file: BinaryIO, names: Collection[str] | None = None) -> dict[str, bytes]:
        """The members' bytes, from the shard opened in binary mode; only those in `names` where given."""
        answer = {}
        for name, (offset, length) in self.members.items():
            if names is not None and name not in names:
                continue
            file.seek(offset)
            data = file.read(length)
            if len(data) != length:
                raise UserError(f"shard ends inside {self.key}.{name}; check it with `garment data verify`")
            answer[name] = data
        return answer

    @property
    def span(self) -> tuple[int, int]:
        """Offset and length in bytes of the part of the shard in which all its members lie."""
        start = min(offset for offset, _ in self.members.values())
        return start, max(offset + length for offset, length in self.members.values()) - start

    def view(self, file: BufferedIOBase, buffer: bytearray) -> dict[str, memoryview]:
        """The members as views of `buffer`, which has at least the span's length: they are read at once."""
        start, size = self.span
        whole = memoryview(buffer)[:size]
        file.seek(start)
        if file.readinto(whole) != size:
            raise UserError(f"shard ends inside {self.key}; check it with `garment data verify`")
        return {name: whole[at - start : at - start + length] for name, (at, length) in self.members.items()}


def index_shard(path: Path) -> list[ShardSample]:
    """Samples of a shard in stored order, from its headers alone; UserError when it is no tar of samples."""
    found: dict[str, dict[str, tuple[int, int]]] = {}
    try:
        with _Bounded(FileIO(path)) as file, tarfile.open(fileobj=file, mode="r:") as tar:
            for info in tar:
                key, dot, name = info.name.partition(".")
                if not info.isreg() or not dot or not key:
                    raise UserError(f"shard {path} holds {info.name!r}, which belongs to no sample; {_MEND}")
                members = found.setdefault(key, {})
                if name in members:
                    raise UserError(f"shard {path} holds {info.name!r} twice; {_MEND}")
                members[name] = (info.offset_data, info.size)
    except (tarfile.TarError, OSError, ValueError, EOFError, OverflowError) as error:
        raise UserError(f"shard {path} is no readable tar: {one_line(error)}; {_MEND}") from None
    return [ShardSample(key, members) for key, members in found.items()]


class _Bounded(BufferedReader):
    """A file whose `read` asks for no more than there is: a damaged header may tell of any number of bytes."""

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(0, os.fstat(self.fileno()).st_size - self.tell())
        return super().read(left if size is None or size < 0 else min(size, left))


_MEND = "check it with `garment data verify` and prepare or fetch it again"
