import numpy as np

from garment_uv.datasets.cloth3d.camera import HEIGHT, WIDTH, project
from garment_uv.datasets.open.viewpoint import DISTANCES, HEIGHTS, draw_viewpoint
from garment_uv.geometry.rotations import about_z

VIEWS = [draw_viewpoint(np.random.default_rng(seed)) for seed in range(400)]


def test_headings_and_turns_are_all_around():
    for angles in ([view.zrot for view in VIEWS], [view.heading for view in VIEWS]):
        counts, _ = np.histogram(angles, bins=8, range=(-np.pi, np.pi))
        assert counts.sum() == 400 and counts.min() > 25


def test_cameras_are_far_and_near_high_and_low_and_never_beside():
    cameras = np.array([view.camera for view in VIEWS])
    assert (cameras[:, 1] == 0).all()
    assert HEIGHTS[0] <= cameras[:, 2].min() < 0.75 and 1.25 < cameras[:, 2].max() <= HEIGHTS[1]
    apart = [view.camera[0] - (about_z(view.zrot) @ [*view.place, 0.0])[0] for view in VIEWS]
    assert DISTANCES[0] <= min(apart) < 4.4 and 5.8 < max(apart) <= DISTANCES[1]


def test_who_stands_in_the_middle_of_the_path_is_in_the_picture():
    for view in VIEWS:
        place = about_z(view.zrot) @ [*view.place, 0.0]
        marks = place + [[0, 0, 0.05], [0, 0, 1.95], [0, -1.0, 1.0], [0, 1.0, 1.0]]
        pixels = project(marks, view.camera)
        assert (pixels >= -1e-6).all() and (pixels <= [WIDTH + 1e-6, HEIGHT + 1e-6]).all()
