"""What each pixel shows: against rays that meet spheres, and against the masks of pictures that a renderer made."""

import numpy as np
import pytest
import trimesh

from garment_uv.body import load_body
from garment_uv.classes import CLASS_IDS, SKIN
from garment_uv.datasets.cloth3d.camera import crop, crop_camera, project_to_crop, turned
from garment_uv.datasets.cloth3d.sequence import Sequence
from garment_uv.datasets.open.synthesize import synthesize
from garment_uv.errors import UserError
from garment_uv.samples.frames import raw_garments
from garment_uv.samples.labels import pixel_labels

CAMERA = np.array([4.0, 0.0, 0.3])
SIZE = 64


def ball(radius: float, centre: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> tuple[np.ndarray, np.ndarray]:
    mesh = trimesh.creation.icosphere(subdivisions=4, radius=radius)
    return mesh.vertices + centre, mesh.faces


def first_hit(spheres: list[tuple[float, tuple[float, float, float]]]) -> tuple[np.ndarray, np.ndarray]:
    """By pixel, which sphere the ray through its centre meets first, -1 for none; and how near any edge is, metres."""
    view = crop_camera(CAMERA, SIZE)
    v, u = np.mgrid[:SIZE, :SIZE] + 0.5
    local = np.stack([(u - view.centre[0]) / view.focal, -(v - view.centre[1]) / view.focal, np.ones_like(u)], -1)
    rays = local @ view.axes
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    nearest, owner, edge = np.full(u.shape, np.inf), np.full(u.shape, -1), np.full(u.shape, np.inf)
    for index, (radius, centre) in enumerate(spheres):
        to = np.asarray(centre) - CAMERA
        along = rays @ to
        off = np.sqrt(to @ to - along**2)
        edge = np.minimum(edge, np.abs(off - radius))
        distance = np.where(off < radius, along - np.sqrt(np.maximum(radius**2 - off**2, 0)), np.inf)
        owner[distance < nearest] = index
        nearest = np.minimum(nearest, distance)
    return owner, edge


def test_a_pixel_shows_what_its_ray_meets_first():
    spheres = [(0.5, (0.0, 0.0, 0.0)), (0.3, (0.4, 0.5, 0.0)), (0.3, (-0.9, -0.6, 0.1))]
    body, before, behind = (ball(radius, centre) for radius, centre in spheres)
    labels = pixel_labels(body, {"Skirt": before, "Top": behind}, CAMERA, SIZE)
    assert labels.dtype == np.uint8
    owner, edge = first_hit(spheres)
    expected = np.array([SKIN, CLASS_IDS["Skirt"], CLASS_IDS["Top"], 0])[owner]
    sure = edge > 0.01  # the meshes are polyhedra
    assert sure.mean() > 0.9 and set(np.unique(expected[sure])) == {0, SKIN, CLASS_IDS["Skirt"], CLASS_IDS["Top"]}
    assert np.array_equal(labels[sure], expected[sure])


def test_cloth_that_lies_on_the_skin_is_what_is_seen_and_the_outer_garment_of_two():
    same = ball(0.5)
    worn = pixel_labels(same, {"Trousers": same}, CAMERA, SIZE)
    assert set(np.unique(worn)) == {0, CLASS_IDS["Trousers"]}
    twice = pixel_labels(same, {"Trousers": same, "Top": same}, CAMERA, SIZE)
    assert set(np.unique(twice)) == {0, CLASS_IDS["Top"]}


def test_nothing_before_the_camera_is_background_and_a_root_too_near_is_refused():
    vertices, faces = ball(0.1, (9.0, 0.0, 0.0))
    assert (pixel_labels((vertices, faces), {}, CAMERA, SIZE) == 0).all()
    with pytest.raises(UserError, match="before the camera"):
        pixel_labels(ball(0.1), {}, np.array([0.5, 0.0, 0.0]), SIZE)


def test_the_crops_camera_sees_points_where_the_crop_has_them():
    points, camera = np.random.default_rng(0).uniform(-1, 1, (50, 3)), np.array([4.2, 0.3, -0.1])
    assert crop_camera(camera, 96).project(points)[:, :2] == pytest.approx(project_to_crop(points, camera, 96))


def test_labels_agree_with_the_masks_of_rendered_frames(tmp_path):
    body, inside, wrong = load_body("anny"), 0, 0
    for folder in synthesize(tmp_path, 3, 2, seed=3, image_format="frames"):
        sequence = Sequence.open(folder)
        for index in sequence.frame_indices:
            frame = sequence.frame(index)
            skin = turned(body.pose(frame.body), frame.zrot), body.faces
            worn = {name: (mesh.vertices, mesh.faces) for name, mesh in raw_garments(sequence, frame).items()}
            labels = pixel_labels(skin, worn, frame.camera, 256)
            mask = crop(frame.alpha, frame.camera, 256)
            assert {CLASS_IDS[name] for name in worn} <= set(np.unique(labels))
            inside += (mask == 255).sum()
            wrong += (labels[mask == 255] == 0).sum() + (labels[mask == 0] > 0).sum()
    assert inside > 10_000 and wrong / inside < 0.001
