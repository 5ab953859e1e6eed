import av
import numpy as np
import pytest

from garment_uv.datasets.cloth3d.video import PngFolder, VideoReader, read_png
from garment_uv.errors import UserError
from tests.garment_uv.written import write_video


def _pictures(count=7, channels=3):
    rng = np.random.default_rng(3)
    shape = (12, 16, channels) if channels > 1 else (12, 16)
    blow = np.ones((4, 4, 1), np.uint8) if channels > 1 else np.ones((4, 4), np.uint8)
    return [np.kron(rng.integers(0, 256, shape, dtype=np.uint8), blow) for _ in range(count)]


@pytest.mark.parametrize(("channels", "mode"), [(3, "rgb24"), (1, "gray")])
def test_a_written_video_is_lossless_and_exact_in_any_order(tmp_path, channels, mode):
    pictures = _pictures(channels=channels)
    write_video(tmp_path / "a.mkv", pictures)
    reader = VideoReader(tmp_path / "a.mkv", mode)
    assert reader.num_frames == 7
    for index in (3, 3, 0, 6, 5, 1, 2, 4):
        assert np.array_equal(reader.frame(index), pictures[index]), index
    reader.close()


def test_the_same_pictures_give_the_same_bytes(tmp_path):
    for name in ("a.mkv", "b.mkv"):
        write_video(tmp_path / name, _pictures())
    assert (tmp_path / "a.mkv").read_bytes() == (tmp_path / "b.mkv").read_bytes()


def test_a_lossy_video_with_b_frames_is_counted_and_ordered(tmp_path):
    levels = [np.full((48, 64, 3), 20 * index, np.uint8) for index in range(12)]
    with av.open(str(tmp_path / "real.mkv"), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.options = {"bf": "3"}
        for level in levels:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(level, format="rgb24")))
        container.mux(stream.encode(None))
    reader = VideoReader(tmp_path / "real.mkv")
    assert reader.num_frames == 12
    for index in (11, 0, 5, 6):
        assert abs(int(reader.frame(index).mean()) - 20 * index) < 6


@pytest.mark.parametrize("share", [0.3, 0.9, 0.99])
def test_a_video_cut_short_is_named(tmp_path, share):
    write_video(tmp_path / "a.mkv", _pictures())
    data = (tmp_path / "a.mkv").read_bytes()
    (tmp_path / "a.mkv").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UserError, match="a.mkv: truncated, .* fetch it again"):
        VideoReader(tmp_path / "a.mkv")


@pytest.mark.parametrize(
    "data", [b"", b"no video at all" * 50, b"\x1a\x45\xdf\xa3", b"\x1a\x45\xdf\xa3\x01" + bytes(80)]
)
def test_garbage_is_refused(tmp_path, data):
    (tmp_path / "a.mkv").write_bytes(data)
    with pytest.raises(UserError, match="a.mkv"):
        VideoReader(tmp_path / "a.mkv")


def test_what_is_not_there(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        VideoReader(tmp_path / "a.mkv")
    write_video(tmp_path / "a.mkv", _pictures(2))
    with pytest.raises(IndexError):
        VideoReader(tmp_path / "a.mkv").frame(2)
    with pytest.raises(UserError, match="unlike those before"):
        write_video(tmp_path / "b.mkv", [np.zeros((8, 8, 3), np.uint8), np.zeros((8, 16, 3), np.uint8)])


def test_png_folders_are_numbered_from_nought_and_ignore_textures(tmp_path, make_sequence):
    folder, _, _, pictures = make_sequence()
    pngs = PngFolder(folder)
    assert pngs.indices == (0, 1, 2, 3)
    rgb, alpha = pngs.frame(2)
    assert np.array_equal(np.dstack([rgb, alpha]), pictures[2])


@pytest.mark.parametrize("kept", [0, 20, 100, -5])
def test_a_truncated_picture_is_named(make_sequence, kept):
    folder, *_ = make_sequence()
    data = (folder / "0001.png").read_bytes()
    (folder / "0001.png").write_bytes(data[:kept] if kept != -5 else data[: len(data) // 2])
    with pytest.raises(UserError, match="0001.png: not a readable picture"):
        PngFolder(folder).frame(1)


def test_a_picture_without_alpha_or_a_gap_is_named(tmp_path, make_sequence):
    folder, *_ = make_sequence()
    (folder / "0001.png").unlink()
    (folder / "0002.png").write_bytes((folder / "Top.png").read_bytes())
    pngs = PngFolder(folder)
    with pytest.raises(UserError, match="has no 0001.png"):
        pngs.frame(1)
    with pytest.raises(UserError, match="0002.png: has no alpha channel"):
        pngs.frame(2)
    with pytest.raises(UserError, match="no such file"):
        read_png(tmp_path / "none.png")
