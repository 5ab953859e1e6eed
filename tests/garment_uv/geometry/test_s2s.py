import subprocess
import sys

import igl
import numpy as np
import pytest
import torch
import trimesh
import warp as wp
from hypothesis import given, settings
from hypothesis import strategies as st

from garment_uv.errors import UserError
from garment_uv.geometry import _query, _tree
from garment_uv.geometry.s2s import S2S, point_to_surface, surface_to_surface
from garment_uv.geometry.warp_device import warp_device

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=[pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA")]),
]


def _exact(points, vertices, faces):
    squared = igl.point_mesh_squared_distance(
        np.asarray(points, float), np.asarray(vertices, float), np.asarray(faces, np.int64)
    )[0]
    return np.sqrt(squared)


def _garment(seed=0, offset=0.0, level=4):
    """A closed, wrinkled garment and a prediction some millimetres off it."""
    rng = np.random.default_rng(seed)
    ball = trimesh.creation.icosphere(level)
    folds = 1 + 0.05 * np.sin(ball.vertices @ rng.normal(scale=15, size=(3, 1)))
    true = ball.vertices * (0.22, 0.16, 0.5) * folds
    pred = true * 1.01 + rng.normal(scale=0.004, size=true.shape)
    return pred + offset, true + offset, np.asarray(ball.faces)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("offset", [0.0, (0.3, -1.2, 0.8), (40.0, -7.0, 250.0)])
def test_every_distance_is_libigls_within_a_micrometre(device, offset):
    pred, true, faces = _garment(offset=np.asarray(offset))
    for points, surface in ((pred, true), (true, pred)):
        found = point_to_surface(points, surface, faces, device)
        assert found.dtype == np.float64
        assert np.abs(found - _exact(points, surface, faces)).max() < 1e-6
    score = surface_to_surface(pred, faces, true, faces, device)
    assert abs(score.pred_to_true_mm - _exact(pred, true, faces).mean() * 1000) < 1e-3
    assert abs(score.true_to_pred_mm - _exact(true, pred, faces).mean() * 1000) < 1e-3


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("scale", [1e-3, 1e-1, 1.0])
def test_open_meshes_far_apart_and_tiny_ones(device, scale):
    rng = np.random.default_rng(1)
    grid = trimesh.creation.box(extents=(1, 2, 0.5)).subdivide().subdivide()
    vertices, faces = grid.vertices * scale, np.asarray(grid.faces)[::3]
    points = rng.normal(size=(400, 3)) * scale * 3 + (0, 0, 1.5 * scale)
    assert np.abs(point_to_surface(points, vertices, faces, device) - _exact(points, vertices, faces)).max() < 1e-6


@pytest.mark.parametrize("device", DEVICES)
def test_degenerate_faces_keep_their_extent(device):
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0.5, 0, 0], [0, 1, 0], [2, 2, 2.0]])
    points = np.random.default_rng(2).normal(size=(300, 3))
    for faces in ([[0, 1, 2]], [[0, 0, 1]], [[0, 1, 1]], [[4, 4, 4]], [[0, 1, 2], [0, 1, 3], [4, 4, 4], [3, 3, 4]]):
        found = point_to_surface(points, vertices, np.array(faces), device)
        assert np.abs(found - _exact(points, vertices, faces)).max() < 1e-6, faces


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("size", [0.0, 1e-17, 1e-12, 1e-9])
def test_a_mesh_no_larger_than_rounding_is_a_dot(device, size):
    vertices = np.array([0.1, 0.2, 0.3]) + size * np.random.default_rng(4).normal(size=(30, 3))
    faces, points = np.arange(30).reshape(-1, 3), np.random.default_rng(5).normal(size=(100, 3)) * 10
    expected = np.linalg.norm(points - (0.1, 0.2, 0.3), axis=1)
    assert np.abs(point_to_surface(points, vertices, faces, device) - expected).max() < 1e-6


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), slim=st.floats(-12, 0))
def test_slim_triangles_of_a_garments_size(seed, slim):
    rng = np.random.default_rng(seed)
    vertices = rng.normal(scale=0.02, size=(30, 3))
    share = rng.uniform(-0.2, 1.2, size=(10, 1))
    vertices[2::3] = vertices[0::3] * share + vertices[1::3] * (1 - share) + 10**slim * rng.normal(size=(10, 3))
    faces, points = np.arange(30).reshape(-1, 3), rng.normal(scale=0.05, size=(100, 3))
    assert np.abs(point_to_surface(points, vertices, faces) - _exact(points, vertices, faces)).max() < 1e-6


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("faces_of_one_place", [1, 9, 700])
def test_an_answer_does_not_hang_on_the_points_before_it_nor_on_how_triangles_lie(device, faces_of_one_place):
    pred, true, faces = _garment(level=3)
    rng = np.random.default_rng(3)
    heap = rng.normal(scale=1e-7, size=(3 * faces_of_one_place, 3)) + (0.1, 0.2, 3.0)
    vertices = np.r_[true, heap]
    faces = np.r_[faces, len(true) + np.arange(len(heap)).reshape(-1, 3)]
    points = np.r_[pred, pred * 30, rng.normal(size=(200, 3)), true[:50], true[:50]]
    order = rng.permutation(len(points))
    found = point_to_surface(points, vertices, faces, device)
    assert np.abs(found - _exact(points, vertices, faces)).max() < 1e-6
    assert np.abs(point_to_surface(points[order], vertices, faces, device) - found[order]).max() < 1e-6


def test_the_kernels_compile_for_a_cuda_device_where_there_is_none(tmp_path):
    warp_device()
    for module in (_tree, _query):
        (written,) = wp.compile_aot_module(module, arch=80, module_dir=tmp_path, use_ptx=True)
        assert b".target sm_80" in written.read_bytes()


def test_a_known_distance_in_both_directions():
    square = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0.0]])
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    small = square * (0.5, 0.5, 1) + (0, 0, 0.010)
    score = surface_to_surface(small, faces, square, faces)
    assert score.pred_to_true_mm == pytest.approx(10, abs=1e-3)
    corners = [10, np.hypot(500, 10), np.hypot(np.hypot(500, 500), 10), np.hypot(500, 10)]
    assert score.true_to_pred_mm == pytest.approx(np.mean(corners), abs=1e-3)
    assert score.mean_mm == pytest.approx((score.pred_to_true_mm + score.true_to_pred_mm) / 2)
    assert score.sum_mm == pytest.approx(2 * score.mean_mm)
    assert surface_to_surface(square, faces, square, faces) == S2S(0.0, 0.0)


def test_vertices_of_no_face_do_not_count_even_when_not_finite():
    pred, true, faces = _garment(level=2)
    expected = surface_to_surface(pred, faces, true, faces)
    stray = np.array([[5, 5, 5], [np.nan, 0, 0], [9, 9, 9]])
    found = surface_to_surface(np.r_[stray, pred], faces + 3, np.r_[true, stray], faces)
    assert found == expected


@pytest.mark.parametrize(
    ("vertices", "faces", "said"),
    [
        (np.zeros((3, 3)), np.zeros((0, 3), int), "predicted mesh is empty"),
        (np.zeros((0, 3)), np.zeros((0, 3), int), "predicted mesh is empty"),
        (np.zeros((3, 3)), [], "predicted mesh is empty"),
        (np.zeros((3, 2)), [[0, 1, 2]], "must have vertices"),
        (np.zeros((4, 3)), [[0, 1, 2, 3]], "triangulate it first"),
        (np.zeros((3, 3)), [[0, 1, 3]], "faces name 0 to 3"),
        (np.zeros((3, 3)), [[0, 1, -1]], "faces name -1 to 1"),
        (np.zeros((3, 3)), [[0.0, 1.0, 2.0]], "check its faces"),
        (np.full((3, 3), np.nan), [[0, 1, 2]], "not finite"),
        (np.array([[0, 0, 0], [1, 0, 0], [0, np.inf, 0]]), [[0, 1, 2]], "not finite"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(vertices, faces, said):
    triangle = np.eye(3), np.array([[0, 1, 2]])
    with pytest.raises(UserError, match=said) as caught:
        surface_to_surface(vertices, np.asarray(faces), *triangle)
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="true mesh"):
        surface_to_surface(*triangle, vertices, np.asarray(faces))


def test_points_are_checked_and_may_be_none():
    triangle = np.eye(3), np.array([[0, 1, 2]])
    assert point_to_surface(np.zeros((0, 3)), *triangle).shape == (0,)
    with pytest.raises(UserError, match="points must be finite"):
        point_to_surface(np.full((1, 3), np.nan), *triangle)


def test_an_absent_device_is_named():
    with pytest.raises(UserError, match="no device 'cuda:77' on this machine: it has cpu"):
        surface_to_surface(np.eye(3), np.array([[0, 1, 2]]), np.eye(3), np.array([[0, 1, 2]]), "cuda:77")


def test_importing_starts_nothing_and_measuring_prints_nothing():
    code = (
        "import warp, numpy as np\n"
        "from garment_uv.geometry.s2s import surface_to_surface\n"
        "from warp._src import context\n"
        "assert context.runtime is None\n"
        "t = np.eye(3), np.array([[0, 1, 2]])\n"
        "surface_to_surface(*t, *t)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
