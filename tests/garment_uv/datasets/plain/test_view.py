"""A square seen through any camera: where points fall, and the pixels of the dataset's own crop."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from garment_uv.datasets.cloth3d.camera import CENTRE, FOCAL, crop, project_to_crop
from garment_uv.datasets.plain.view import FLIP, homography, square_of
from garment_uv.geometry.camera import ALONG_MINUS_X

LENS = np.array([[FOCAL, 0.0, CENTRE[0]], [0.0, FOCAL, CENTRE[1]], [0.0, 0.0, 1.0]])
OWN = LENS @ FLIP @ ALONG_MINUS_X


@given(st.integers(0, 10**6))
def test_a_point_falls_where_both_cameras_have_it(seed):
    rng = np.random.default_rng(seed)
    lens = np.array([[rng.uniform(500, 2000), 0.0, 960.0], [0.0, rng.uniform(500, 2000), 540.0], [0.0, 0.0, 1.0]])
    tilt = Rotation.from_rotvec(rng.uniform(-0.4, 0.4, 3)).as_matrix()
    to_pixels = lens @ tilt @ FLIP @ ALONG_MINUS_X
    camera = np.array([rng.uniform(2, 6), rng.uniform(-0.5, 0.5), rng.uniform(-0.5, 1.5)])
    points = rng.uniform(-0.9, 0.9, (20, 3))
    seen = (points - camera) @ to_pixels.T
    expected = seen[:, :2] / seen[:, 2:]
    inside = np.column_stack([project_to_crop(points, camera, 256), np.ones(20)])
    found = inside @ homography(to_pixels, camera, 256).T
    assert found[:, :2] / found[:, 2:] == pytest.approx(expected, abs=1e-6)


def test_the_datasets_own_camera_gives_its_own_crop():
    rng = np.random.default_rng(0)
    picture = np.kron(rng.integers(0, 256, (24, 32, 3)), np.ones((20, 20, 1))).astype(np.uint8)
    camera = np.array([4.0, 0.2, 0.1])
    for size in (64, 256, 600):
        ours = square_of(picture, OWN, camera, size).astype(float)
        theirs = crop(picture, camera, size).astype(float)
        assert ours.shape == theirs.shape and np.abs(ours - theirs).mean() < 6
        assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.98


def test_what_the_picture_does_not_show_is_zero():
    white = np.full((48, 64), 255, np.uint8)
    square = square_of(white, np.diag([0.1, 0.1, 1.0]) @ OWN, np.array([2.0, 0.0, 0.0]), 128)
    assert square[64, 64] == 255 and square[:, :10].max() == 0 and square.dtype == np.uint8
