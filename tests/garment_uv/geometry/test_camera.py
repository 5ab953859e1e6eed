import numpy as np
import pytest

from garment_uv.datasets.cloth3d import camera as dataset
from garment_uv.datasets.cloth3d.camera import frame_camera
from garment_uv.geometry.camera import Camera


def test_dataset_camera_agrees_with_the_readers_projection():
    points = np.random.default_rng(0).uniform(-1, 1, size=(50, 3))
    location, trans = np.array([4.8, 0.0, 1.0]), np.array([0.3, -0.2, 0.9])
    world = points + trans
    expected = dataset.project(points, dataset.relative_camera(location, trans, 0.0))
    found = frame_camera(location).project(world)
    np.testing.assert_allclose(found[:, :2], expected, atol=1e-9)
    np.testing.assert_allclose(1 / found[:, 2], 4.8 - world[:, 0], rtol=1e-12)


def test_look_at_puts_the_target_in_the_middle_and_up_upwards():
    camera = Camera.look_at((2.0, -3.0, 1.5), (0.1, 0.2, 0.3), 200, 100)
    target, above = camera.project(np.array([[0.1, 0.2, 0.3], [0.1, 0.2, 0.4]]))
    np.testing.assert_allclose(target[:2], [100, 50], atol=1e-9)
    assert above[1] < 50 and abs(above[0] - 100) < 1e-9
    np.testing.assert_allclose(camera.axes @ camera.axes.T, np.eye(3), atol=1e-12)


def test_orthographic_height_spans_the_picture():
    camera = Camera.look_at((5, 0, 0), (0, 0, 0), 80, 100, orthographic_height=2.0)
    top, bottom = camera.project(np.array([[0, 0, 1.0], [-3.0, 0, -1.0]]))
    assert top[1] == pytest.approx(0) and bottom[1] == pytest.approx(100)
    assert top[2] > bottom[2] > 0


def test_points_behind_a_pinhole_camera_are_not_near():
    camera = frame_camera(np.array([4.0, 0, 1]))
    assert camera.project(np.array([[4.5, 0, 1.0]]))[0, 2] <= 0


@pytest.mark.parametrize(("eye", "target"), [((1, 1, 1), (1, 1, 1)), ((0, 0, 2), (0, 0, 0))])
def test_a_view_without_direction_is_refused(eye, target):
    with pytest.raises(ValueError, match="no camera"):
        Camera.look_at(eye, target)
