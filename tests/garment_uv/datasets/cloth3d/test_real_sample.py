"""The reader on real CLOTH3D files, which are the user's: set CLOTH3D_SAMPLES to a folder that holds 00449."""

import os
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from garment_uv.body import load_body
from garment_uv.classes import SKIN
from garment_uv.datasets.cloth3d.camera import crop, project, project_to_crop, turned
from garment_uv.datasets.cloth3d.info import read_info, write_info
from garment_uv.datasets.cloth3d.sequence import Sequence
from garment_uv.errors import UserError
from garment_uv.samples.labels import pixel_labels
from tests.garment_uv.written import same

pytestmark = [
    pytest.mark.licensed,
    pytest.mark.skipif("CLOTH3D_SAMPLES" not in os.environ, reason="CLOTH3D_SAMPLES names no real CLOTH3D samples"),
]


@pytest.fixture
def folder():
    return Path(os.environ["CLOTH3D_SAMPLES"]) / "00449"


def test_every_key_is_read(folder):
    info = read_info(folder / "info.mat")
    assert info.poses.shape == (300, 72) and info.trans.shape == (300, 3) and info.shape.shape == (10,)
    assert (info.gender, info.seq, info.seq_start, info.seq_end) == (0, "105_25_s2", 1200, 1800)
    assert info.cam_loc[1] == 0 and info.tightness.shape == (2,) and 0.41 < info.zrot < 0.42
    dress = info.outfit["Dress"]
    assert (dress.fabric, dress.texture_type, dress.texture_data["pattern"]) == ("denim", "pattern", "14.png")
    assert dress.texture_data["hsv"].shape == (3,) and 0.6 < dress.texture_data["scale"] < 0.7
    assert info.lights_type == "point" and [light["loc"].shape for light in info.lights_data] == [(3,), (3,)]


def test_our_own_writing_of_it_reads_the_same(folder, tmp_path):
    info = read_info(folder / "info.mat")
    write_info(tmp_path / "info.mat", info)
    assert same(read_info(tmp_path / "info.mat").plain(), info.plain())


def test_all_joints_fall_inside_the_mask_of_every_frame(folder):
    joints = scipy.io.loadmat(folder / "info_body.mat")["joints"]
    sequence = Sequence.open(folder, garments=False)
    assert sequence.frame_indices == (0, 60, 120, 180, 240, 299) and sequence.num_frames == 300
    for index in sequence.frame_indices:
        frame = sequence.frame(index)
        assert frame.rgb.shape == (480, 640, 3) and frame.alpha.shape == (480, 640)
        points = turned(joints[index], frame.zrot)
        columns, rows = np.floor(project(points, frame.camera)).astype(int).T
        assert (frame.alpha[rows, columns] > 0).all(), index
        square = crop(frame.alpha, frame.camera, 256)
        columns, rows = np.floor(project_to_crop(points, frame.camera, 256)).astype(int).T
        assert (square[rows, columns] > 0).all(), index


def test_the_mask_encloses_the_body(folder):
    """But for what the open body's arms and head are longer than SMPL's: 1.8 to 4.6 % of its pixels."""
    sequence, body = Sequence.open(folder, garments=False), load_body("anny")
    for index in sequence.frame_indices:
        frame = sequence.frame(index)
        seen = pixel_labels((turned(body.pose(frame.body), frame.zrot), body.faces), {}, frame.camera, 256) == SKIN
        assert (crop(frame.alpha, frame.camera, 256)[seen] > 0).mean() > 0.95, index


def test_neighbouring_numbering_is_worse(folder):
    """Frame 0 is pose 0: shifting the poses by thirty frames must push joints out of the moving body's mask."""
    joints = scipy.io.loadmat(folder / "info_body.mat")["joints"]
    sequence = Sequence.open(folder, garments=False)
    outside = 0
    for index in (60, 120, 180):
        frame, other = sequence.frame(index), index + 30
        world = turned(joints[other] + (sequence.info.trans[other] - frame.trans), frame.zrot)
        columns, rows = np.floor(project(world, frame.camera)).astype(int).T
        outside += (frame.alpha[rows, columns] == 0).sum()
    assert outside > 0


def test_a_sequence_without_its_meshes_is_refused_by_name(folder):
    with pytest.raises(UserError, match="Dress.obj: no such file"):
        Sequence.open(folder)
