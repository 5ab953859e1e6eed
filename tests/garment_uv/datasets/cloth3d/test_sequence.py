import numpy as np
import pytest

from garment_uv.datasets.cloth3d.camera import relative_camera
from garment_uv.datasets.cloth3d.pointcache import write_pointcache
from garment_uv.datasets.cloth3d.sequence import Sequence, find_sequences
from garment_uv.errors import UserError
from tests.garment_uv.written import same


@pytest.mark.parametrize("as_video", [False, True])
def test_a_sequence_is_read_as_it_was_written(make_sequence, as_video):
    folder, info, garments, pictures = make_sequence(as_video=as_video)
    sequence = Sequence.open(folder)
    assert same(sequence.info.plain(), info.plain()) and sequence.note is None
    assert sequence.num_frames == 4 and sequence.frame_indices == (0, 1, 2, 3)
    for index in (0, 3, 1):
        frame = sequence.frame(index)
        assert np.array_equal(np.dstack([frame.rgb, frame.alpha]), pictures[index])
        assert frame.body.pose.dtype == np.float32 and np.allclose(frame.body.pose, info.poses[index], atol=1e-6)
        assert np.array_equal(frame.trans, info.trans[index])
        assert np.allclose(frame.camera, relative_camera(info.cam_loc, info.trans[index], info.zrot))
        for name, garment in garments.items():
            stored = garment.frames[index].astype(np.float16).astype(np.float32)
            assert np.array_equal(frame.garments[name], stored)
    assert sequence.garments["Top"].faces.tolist() == [[0, 1, 4], [0, 4, 3], [1, 2, 5], [1, 5, 4]]
    sequence.close()


def test_one_frame_is_a_sequence(make_sequence):
    folder, *_ = make_sequence(frames=1)
    sequence = Sequence.open(folder)
    assert sequence.num_frames == 1 and sequence.frame(0).body.pose.shape == (72,)


@pytest.mark.parametrize("as_video", [False, True])
@pytest.mark.parametrize("images", [3, 4])
def test_a_pose_or_two_more_than_images_is_read_to_the_shorter(make_sequence, images, as_video):
    folder, *_ = make_sequence(frames=5, images=images, as_video=as_video)
    sequence = Sequence.open(folder)
    assert sequence.num_frames == images
    assert f"5 poses, {images} images" in sequence.note and f"to the shorter, {images}" in sequence.note
    with pytest.raises(IndexError):
        sequence.frame(images)


def test_counts_that_differ_by_more_are_refused(make_sequence):
    folder, *_ = make_sequence(frames=5)
    for index in (2, 3, 4):
        (folder / f"{index:04d}.png").unlink()
    with pytest.raises(UserError, match="00042: 5 poses, 2 images, .* differ by more than 2"):
        Sequence.open(folder)


def test_a_gap_in_the_pictures_is_said_and_passed_over(make_sequence):
    folder, *_ = make_sequence()
    (folder / "0001.png").unlink()
    sequence = Sequence.open(folder)
    assert sequence.frame_indices == (0, 2, 3) and "3 of 4 frames have a picture" in sequence.note


def _cut(path):
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda folder: _cut(folder / "Top.pc16"), "Top.pc16: truncated"),
        (lambda folder: (folder / "Skirt.obj").unlink(), "Skirt.obj: no such file"),
        (lambda folder: (folder / "Skirt.pc16").unlink(), "Skirt.pc16: no such file"),
        (lambda folder: (folder / "info.mat").write_bytes(b"spoilt"), "info.mat: not a readable MATLAB file"),
        (lambda folder: write_pointcache(folder / "Top.pc16", np.zeros((4, 5, 3))), "5 points where Top.obj has 6"),
        (lambda folder: write_pointcache(folder / "Top.pc16", np.zeros((1, 6, 3))), "differ by more than 2"),
        (lambda folder: [p.unlink() for p in folder.glob("0*.png")], "neither 00042.mkv nor frames"),
    ],
)
def test_what_is_broken_is_named_in_one_line(make_sequence, harm, said):
    folder, *_ = make_sequence()
    harm(folder)
    with pytest.raises(UserError, match=said) as caught:
        Sequence.open(folder)
    assert "\n" not in str(caught.value)


def test_a_missing_mask_video_is_named(make_sequence):
    folder, *_ = make_sequence(as_video=True)
    (folder / "00042_segm.mkv").unlink()
    with pytest.raises(UserError, match="00042_segm.mkv: no such file"):
        Sequence.open(folder)


def test_pc2_serves_where_there_is_no_pc16(make_sequence):
    folder, _, garments, _ = make_sequence()
    (folder / "Top.pc16").unlink()
    write_pointcache(folder / "Top.pc2", garments["Top"].frames)
    found = Sequence.open(folder).frame(1).garments["Top"]
    assert np.array_equal(found, garments["Top"].frames[1].astype(np.float32))


def test_sequences_are_found_by_split(make_sequence, tmp_path):
    make_sequence(split="train", name="00002")
    make_sequence(split="test", name="00001")
    make_sequence(split="train", name="00001")
    (tmp_path / "raw" / "train" / "notes").mkdir()
    found = [(split, path.name) for split, path in find_sequences(tmp_path / "raw")]
    assert found == [("test", "00001"), ("train", "00001"), ("train", "00002")]
    with pytest.raises(UserError, match="holds no sequence"):
        find_sequences(tmp_path / "nowhere")
    with pytest.raises(UserError, match="no such folder"):
        Sequence.open(tmp_path / "nowhere")


def test_pictures_that_ffmpeg_numbered_are_matched_with_their_poses(make_sequence):
    folder, info, _, pictures = make_sequence()
    for index in (3, 2, 1, 0):
        (folder / f"{index:04d}.png").rename(folder / f"{index + 1:04d}.png")
    sequence = Sequence.open(folder)
    assert sequence.frame_indices == (0, 1, 2, 3)
    assert sequence.note == "00042: pictures are numbered from 1 on, as ffmpeg does: the first is frame 0"
    for index in range(4):
        frame = sequence.frame(index)
        assert np.array_equal(np.dstack([frame.rgb, frame.alpha]), pictures[index])
        assert np.allclose(frame.body.pose, info.poses[index], atol=1e-6)
    (folder / "0004.png").unlink()  # as the dataset's own 199 pictures of 200 poses
    assert np.array_equal(Sequence.open(folder).frame(2).rgb, pictures[2][..., :3])
    (folder / "0002.png").unlink()
    with pytest.raises(
        UserError, match="begin with 0001.png and have gaps, .* name frame 0, which is pose 0, 0000.png"
    ):
        Sequence.open(folder)
