import numpy as np
import pytest
import torch

from garment_uv.datasets.cloth3d.camera import project_to_crop
from garment_uv.networks.encoder import crop_coordinates, unwrap_image

CAMERAS = torch.tensor([[4.2, 0.0, 0.3], [6.5, 0.8, -0.6], [3.0, -1.1, 1.4]])


def test_projects_as_the_dataset_camera_does():
    rng = np.random.default_rng(4)
    points = rng.uniform(-1, 1, (3, 50, 3)).astype(np.float32)
    ours = crop_coordinates(torch.from_numpy(points), CAMERAS).numpy()
    for index, camera in enumerate(CAMERAS.numpy()):
        pixels = project_to_crop(points[index], camera, 256)
        np.testing.assert_allclose((ours[index] + 1) * 128, pixels, atol=2e-3)


def test_takes_the_colour_of_the_pixel_that_a_point_falls_on():
    size = 64
    column, row = np.meshgrid(np.arange(size), np.arange(size))
    image = torch.from_numpy(np.stack([column, row, column * 0 + 7]).astype(np.float32))[None].repeat(3, 1, 1, 1)
    rng = np.random.default_rng(5)
    body = rng.uniform(-0.6, 0.6, (3, 3, 8, 8)).astype(np.float32)
    colours = unwrap_image(image, torch.from_numpy(body), CAMERAS).numpy()
    for index, camera in enumerate(CAMERAS.numpy()):
        pixels = project_to_crop(body[index].reshape(3, -1).T, camera, size)
        inside = ((pixels > 0.5) & (pixels < size - 0.5)).all(axis=1)
        assert inside.sum() > 30
        read = colours[index].reshape(3, -1).T[inside]
        np.testing.assert_allclose(read[:, :2], pixels[inside] - 0.5, atol=2e-3)
        np.testing.assert_allclose(read[:, 2], 7, atol=1e-5)


def test_empty_texels_and_points_outside_the_picture_are_black():
    body = torch.zeros(1, 3, 2, 2)
    body[0, :, 0, 1] = torch.tensor([0.0, 9.0, 0.0])
    body[0, :, 1, 1] = torch.tensor([0.1, 0.0, 0.0])
    colours = unwrap_image(torch.ones(1, 3, 16, 16), body, CAMERAS[:1])
    assert colours[0, :, 0].abs().max() == 0 and colours[0, :, 1, 0].abs().max() == 0
    torch.testing.assert_close(colours[0, :, 1, 1], torch.ones(3))


def test_the_picture_can_be_learned_through():
    image = torch.rand(1, 3, 16, 16, requires_grad=True)
    unwrap_image(image, torch.full((1, 3, 4, 4), 0.1), CAMERAS[:1]).sum().backward()
    assert image.grad.abs().sum() == pytest.approx(48.0, rel=1e-4)
