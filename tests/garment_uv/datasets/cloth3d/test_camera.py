import numpy as np
import pytest

from garment_uv.datasets.cloth3d.camera import crop, crop_box, project, project_to_crop, relative_camera, turned
from garment_uv.errors import UserError
from garment_uv.geometry.rotations import about_z

CAM_LOC, TRANS, ZROT = np.array([4.8, 0.0, 1.0]), np.array([0.6, -0.3, 0.9]), 0.7


def test_the_projection_is_the_published_one_in_the_world():
    points = np.random.default_rng(0).normal(scale=0.5, size=(50, 3))
    world = (points + TRANS) @ about_z(ZROT).T
    depth = CAM_LOC[0] - world[:, 0]
    expected = np.stack(
        [320 + 888.889 * world[:, 1] / depth, 240 - 888.889 * (world[:, 2] - CAM_LOC[2]) / depth], axis=1
    )
    found = project(turned(points, ZROT), relative_camera(CAM_LOC, TRANS, ZROT))
    assert np.allclose(found, expected, atol=1e-9)


def test_turning_is_about_z_and_keeps_the_dtype():
    assert np.allclose(turned(np.array([[1.0, 0, 2]]), np.pi / 2), [[0, 1, 2]])
    assert turned(np.zeros((2, 3), np.float32), 1.0).dtype == np.float32


def test_points_behind_the_camera_have_no_pixel():
    assert np.isnan(project(np.array([[5.0, 0, 0]]), np.array([4.8, 0, 0]))).all()


def test_the_square_reaches_a_quarter_more_than_a_metre():
    camera = np.array([4.2, 0.3, -0.1])
    corners = np.array([[0, -1.25, 1.25], [0, 1.25, -1.25], [0, 0, 0]])
    assert np.allclose(project_to_crop(corners, camera, 256), [[0, 0], [256, 256], [128, 128]])


@pytest.mark.parametrize("camera", [[4.8, 0.0, 0.0], [3.9, -0.4, 0.18], [5.2, 0.9, -0.7], [6.0, 3.0, 0.0]])
def test_a_mark_in_the_picture_lands_where_its_point_is_projected(camera):
    camera = np.array(camera)
    for point in ([0, 0, 0], [0.3, 0.5, -0.6], [-0.2, -0.7, 0.8]):
        u, v = project(np.array([point]), camera)[0]
        if not (4 <= u < 636 and 4 <= v < 476):
            continue
        image = np.zeros((480, 640), np.uint8)
        image[int(v) - 3 : int(v) + 4, int(u) - 3 : int(u) + 4] = 255
        found = crop(image, camera, 256)
        rows, columns = np.nonzero(found > 100)
        middle = np.array([columns.mean(), rows.mean()]) + 0.5
        assert np.abs(middle - project_to_crop(np.array([point]), camera, 256)[0]).max() < 0.6


def test_outside_the_frame_is_black_and_channels_stay():
    white = np.full((480, 640, 4), 255, np.uint8)
    camera = np.array([3.0, 0.0, 0.0])
    found = crop(white, camera, 128)
    left, top, side = crop_box(camera)
    assert found.shape == (128, 128, 4) and top < 0
    assert (found[: int(-top / side * 128) - 1] == 0).all() and (found[64, 64] == 255).all()
    assert not crop(white, np.array([4.0, 30.0, 0.0]), 64).any()
    assert crop(white[..., 0], camera, 32).shape == (32, 32)


@pytest.mark.parametrize("depth", [1.0, 0.0, -3.0, np.nan])
def test_a_body_at_the_camera_is_refused(depth):
    with pytest.raises(UserError, match="before the camera"):
        crop_box(np.array([depth, 0, 0]))
