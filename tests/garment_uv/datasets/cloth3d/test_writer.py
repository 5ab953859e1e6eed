import numpy as np
import pytest

from garment_uv.datasets.cloth3d.writer import write_sequence
from garment_uv.errors import UserError


def test_the_folder_is_cloth3ds(make_sequence):
    folder, *_ = make_sequence(frames=2, as_video=True)
    assert sorted(path.name for path in folder.iterdir()) == [
        "00042.mkv", "00042_segm.mkv", "Skirt.obj", "Skirt.pc16", "Top.obj", "Top.pc16", "Top.png", "info.mat",
    ]  # fmt: skip


@pytest.mark.parametrize("as_video", [False, True])
def test_the_same_arguments_give_the_same_bytes(make_sequence, as_video):
    first, *_ = make_sequence(as_video=as_video, split="a")
    second, *_ = make_sequence(as_video=as_video, split="b")
    assert {p.name: p.read_bytes() for p in first.iterdir()} == {p.name: p.read_bytes() for p in second.iterdir()}


def _arguments(make_info, frames=3):
    info = make_info(frames, ("Top",))
    garments = {"Top": (np.zeros((3, 3)), np.array([[0, 1, 2]]), np.zeros((frames, 3, 3)))}
    return info, garments, [np.zeros((48, 64, 4), np.uint8)] * frames


def test_frames_may_be_a_generator_of_pairs(tmp_path, make_info):
    info, garments, pictures = _arguments(make_info)
    write_sequence(tmp_path / "00001", info, garments, ((p[..., :3], p[..., 3]) for p in pictures))
    assert (tmp_path / "00001" / "0002.png").is_file()


@pytest.mark.parametrize("as_video", [False, True])
def test_a_failure_on_the_way_leaves_nothing(tmp_path, make_info, as_video):
    info, garments, pictures = _arguments(make_info)

    def breaking():
        yield pictures[0]
        raise RuntimeError("the renderer broke")

    with pytest.raises(RuntimeError, match="the renderer broke"):
        write_sequence(tmp_path / "raw" / "00001", info, garments, breaking(), as_video)
    assert not (tmp_path / "raw").exists()


def test_what_does_not_fit_is_refused_before_anything_is_written(tmp_path, make_info):
    info, garments, pictures = _arguments(make_info, frames=4)
    rest, faces, motion = garments["Top"]
    cases = [
        ("00001", info, {"Skirt": garments["Top"]}, pictures, "do not fit the outfit"),
        ("00001", info, {"Top": (rest, faces, motion[:2])}, pictures, "has frames of the shape"),
        ("00001", info, {"Top": (rest, faces, motion + np.nan)}, pictures, "not finite"),
        ("00001", info, garments, pictures[:1], "was given 1 images for 4 poses"),
        ("00001", info, garments, pictures + pictures, "was given 8 images for 4 poses"),
        ("first", info, garments, pictures, "named by five digits"),
    ]
    for name, *arguments, said in cases:
        with pytest.raises(UserError, match=said):
            write_sequence(tmp_path / name, *arguments)
    assert list(tmp_path.iterdir()) == []
    write_sequence(tmp_path / "00001", info, garments, pictures)
    with pytest.raises(UserError, match="exists already"):
        write_sequence(tmp_path / "00001", info, garments, pictures)
