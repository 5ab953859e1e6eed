"""Frames of a sequence, from a video or a folder of `NNNN.png`; index 0 is always pose 0.

Videos are counted from their first decoded picture. Pictures are named by the 0-based index, or, where they are
0001.png and on without a gap, as ffmpeg numbers what it extracts: then 0001.png is frame 0.
"""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import av
import numpy as np
from PIL import Image

from garment_uv.errors import UserError, one_line

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


def _variable_integer(file: BinaryIO) -> int | None:
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


class VideoReader:
    """Pictures of one video by 0-based index, counted by decoding, once each if read forward; not for two threads."""

    def __init__(self, path: Path | str, mode: str = "rgb24") -> None:
        """`mode` is 'rgb24' for [H, W, 3] or 'gray' for [H, W]. UserError for a missing file or no video."""
        self.path = Path(path)
        self.mode = mode
        self._pictures: Any = None
        self._last: Any = None
        self._next = 0
        if not self.path.is_file():
            raise UserError(f"{self.path}: no such file; the sequence lacks its video: fetch it again")
        self.num_frames = self._count()

    def frame(self, index: int) -> np.ndarray:
        """One picture, uint8; UserError where the stream breaks before it."""
        if not 0 <= index < self.num_frames:
            raise IndexError(f"{self.path} has the frames 0 to {self.num_frames - 1}, was asked for {index}")
        if self._last is None or index < self._next - 1:
            self.close()
            self._pictures = self._decode()
        while self._next <= index:
            picture = next(self._pictures, None)
            if picture is None:
                raise UserError(f"{self.path}: ends at frame {self._next} of {self.num_frames}; fetch it again")
            self._last, self._next = picture, self._next + 1
        return self._last.to_ndarray(format=self.mode)

    def close(self) -> None:
        """Close the file; a later `frame` opens it again."""
        if self._pictures is not None:
            self._pictures.close()
        self._pictures, self._last, self._next = None, None, 0

    def _count(self) -> int:
        promised = matroska_size(self.path)
        size = self.path.stat().st_size
        if promised is not None and size < promised:
            raise UserError(f"{self.path}: truncated, {size} of {promised} bytes; fetch it again")
        count = 0
        try:
            with av.open(str(self.path)) as container:
                for packet in container.demux(_stream(container, self.path)):
                    if packet.is_corrupt:
                        raise UserError(f"{self.path}: holds a damaged packet; fetch it again")
                    count += packet.size > 0
        except (av.FFmpegError, ValueError) as error:
            raise UserError(f"{self.path}: not a readable video ({one_line(error, 120)}); fetch it again") from None
        if count == 0:
            raise UserError(f"{self.path}: holds no picture; fetch it again")
        return count

    def _decode(self) -> Iterator[av.VideoFrame]:
        try:
            with av.open(str(self.path)) as container:
                stream = _stream(container, self.path)
                stream.codec_context.thread_count = 1
                stream.codec_context.options = {"err_detect": "explode"}  # not a grey patch
                yield from container.decode(stream)
        except av.FFmpegError as error:
            raise UserError(
                f"{self.path}: breaks off at frame {self._next} ({one_line(error, 120)}); fetch it again"
            ) from None


class PngFolder:
    """RGBA frames `NNNN.png` of a folder, by the 0-based index in their names, where gaps are allowed; or ffmpeg's.

    UserError for pictures that begin with 0001 and have gaps: they may be numbered either way.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        named = {int(p.stem): p for p in sorted(self.folder.glob("[0-9][0-9][0-9][0-9]*.png")) if p.stem.isdigit()}
        self.first = 1 if min(named, default=0) == 1 else 0
        """The number in the name of frame 0."""
        if self.first and max(named) != len(named):
            raise UserError(
                f"{self.folder}: its pictures begin with {named[1].name} and have gaps, so their frames are not known; "
                "name frame 0, which is pose 0, 0000.png"
            )
        self.files = {number - self.first: path for number, path in named.items()}

    @property
    def indices(self) -> tuple[int, ...]:
        """Indices that have a picture, ascending."""
        return tuple(sorted(self.files))

    def frame(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """RGB uint8 [H, W, 3] and alpha uint8 [H, W]; UserError for a picture truncated or without alpha."""
        if index not in self.files:
            raise UserError(f"{self.folder}: has no {index:04d}.png; fetch the frame again")
        rgba = read_png(self.files[index])
        if rgba.ndim != 3 or rgba.shape[2] != 4:
            raise UserError(f"{self.files[index]}: has no alpha channel; CLOTH3D's frames are RGBA: fetch it again")
        return rgba[..., :3], rgba[..., 3]


def read_png(path: Path | str) -> np.ndarray:
    """A picture as uint8 [H, W] or [H, W, C]; UserError where it is missing, truncated or no picture."""
    try:
        with Image.open(path) as picture:
            return np.array(picture)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; fetch it again") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(f"{path}: not a readable picture ({one_line(error, 120)}); fetch it again") from None


class VideoWriter:
    """Lossless FFV1 in Matroska, the same bytes for the same pictures; not atomic by itself."""

    def __init__(self, path: Path | str, fps: int = 30) -> None:
        self.path = Path(path)
        self._fps = fps
        self._container: Any = None
        self._stream: Any = None
        self._count = 0

    def __enter__(self) -> "VideoWriter":
        options = {"fflags": "+bitexact"}
        self._container = av.open(str(self.path), "w", format="matroska", container_options=options)
        return self

    def add(self, picture: np.ndarray) -> None:
        """Append a picture, uint8 [H, W, 3] RGB or [H, W] grey; all must be alike."""
        picture = np.ascontiguousarray(picture, np.uint8)
        layout = "rgb24" if picture.ndim == 3 else "gray"
        frame = av.VideoFrame.from_ndarray(picture, format=layout)
        stored = "bgr0" if picture.ndim == 3 else "gray"
        if self._stream is None:
            self._stream = self._container.add_stream("ffv1", rate=self._fps)
            self._stream.height, self._stream.width = picture.shape[:2]
            self._stream.pix_fmt = stored
            self._stream.codec_context.options = {"flags": "+bitexact", "level": "3"}
            self._stream.codec_context.thread_count = 1
        elif (self._stream.height, self._stream.width, self._stream.pix_fmt) != (*picture.shape[:2], stored):
            raise UserError(f"{self.path}: picture {self._count} has the shape {picture.shape}, unlike those before it")
        frame = frame.reformat(format=stored)
        frame.pts, frame.time_base = self._count, Fraction(1, self._fps)
        self._container.mux(self._stream.encode(frame))
        self._count += 1

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None and self._stream is not None:
            self._container.mux(self._stream.encode(None))
        self._container.close()


def _stream(container: Any, path: Path) -> Any:
    if not container.streams.video:
        raise UserError(f"{path}: holds no video; fetch it again")
    return container.streams.video[0]
