import numpy as np
import pytest
import trimesh

from garment_uv.datasets.cloth3d.camera import frame_camera
from garment_uv.datasets.open.renderer import Lighting, PointLight, RenderMesh, render
from garment_uv.geometry.camera import Camera
from garment_uv.geometry.normals import vertex_normals

SIDE = Camera.look_at((5, 0, 0), (0, 0, 0), 200, 200, orthographic_height=2.0)
FLAT = Lighting(points=(), sky=(1, 1, 1), ground=(1, 1, 1))


def square(x=0.0, half=0.5):
    """A square across the x axis that faces +x."""
    vertices = np.array([[x, -half, -half], [x, half, -half], [x, half, half], [x, -half, half]])
    return vertices, np.array([[0, 1, 2], [0, 2, 3]])


def test_a_sphere_covers_its_disk_and_nothing_else():
    ball = trimesh.creation.icosphere(subdivisions=4, radius=0.5)
    image = render([RenderMesh(ball.vertices, ball.faces)], SIDE)
    covered = (image[..., 3] / 255.0).sum() / 100**2
    assert covered == pytest.approx(np.pi * 0.25, rel=0.01)
    rows, columns = np.indices(image.shape[:2]) + 0.5
    far = np.hypot(rows - 100, columns - 100) > 51
    assert not image[far].any()


def test_the_nearer_mesh_is_seen_whatever_the_order():
    red, blue = RenderMesh(*square(0.3), (1, 0, 0)), RenderMesh(*square(-0.3), (0, 0, 1))
    one, other = render([red, blue], SIDE, FLAT), render([blue, red], SIDE, FLAT)
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(one[100, 100], [255, 0, 0, 255])


def test_colours_come_back_unchanged_under_white_ambient_light():
    image = render([RenderMesh(*square(), (0.2, 0.5, 0.8))], SIDE, FLAT)
    np.testing.assert_allclose(image[100, 100, :3] / 255, [0.2, 0.5, 0.8], atol=0.005)


def test_a_texture_lies_upright():
    texture = np.zeros((2, 2, 3), dtype=np.uint8)
    texture[0, 0], texture[1, 1] = (255, 0, 0), (0, 255, 0)
    vertices, faces = square()
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1.0]])[faces]
    image = render([RenderMesh(vertices, faces, (1, 1, 1), texture, uv * 0.999)], SIDE, FLAT)
    # Seen along -x, y runs to the right: the texture's first row is up, its first column left.
    np.testing.assert_array_equal(image[75, 75, :3], [255, 0, 0])
    np.testing.assert_array_equal(image[125, 125, :3], [0, 255, 0])
    np.testing.assert_array_equal(image[75, 125, :3], [0, 0, 0])


def test_lambert_falls_with_the_angle_and_the_distance():
    def brightness(position, power):
        lighting = Lighting((PointLight(position, power),), (0, 0, 0), (0, 0, 0), shadows=False)
        image = render([RenderMesh(*square(0.0, 0.05), (1, 1, 1), gloss=0.0)], SIDE, lighting)
        return (image[100, 100, 0] / 255.0) ** 2.2

    straight = brightness((4.0, 0, 0), 8.0)
    assert straight == pytest.approx(8 / 16, rel=0.02)
    assert brightness((2.0, 0, 0), 2.0) == pytest.approx(straight, rel=0.02)
    assert brightness((4 * 0.5, 4 * 0.75**0.5, 0), 8.0) == pytest.approx(0.5 * straight, rel=0.03)
    assert brightness((-4.0, 0, 0), 8.0) == 0


def test_a_mesh_between_light_and_surface_casts_a_shadow():
    wall = RenderMesh(*square(0.0, 0.8), (1, 1, 1))
    lamp = PointLight((3.0, 0.0, 4.0), 10.0)
    shade = RenderMesh(square(0.0, 0.2)[0] + np.array([0.9, 0.0, 1.2]), square()[1])
    view = Camera.look_at((5, 0, 0), (0, 0, 0), 100, 100, orthographic_height=1.6)
    lit = render([wall], view, Lighting((lamp,), (0.1,) * 3, (0.1,) * 3))
    shaded = render([wall, shade], view, Lighting((lamp,), (0.1,) * 3, (0.1,) * 3))
    without = render([wall, shade], view, Lighting((lamp,), (0.1,) * 3, (0.1,) * 3, shadows=False))
    assert (shaded[..., 0] < 0.6 * lit[..., 0]).mean() > 0.02
    assert (without[..., 0] < 0.6 * lit[..., 0]).mean() < 0.005


def test_the_inside_of_an_open_mesh_is_lit_from_its_own_side():
    vertices, faces = square()
    front, back = (render([RenderMesh(vertices, f)], SIDE) for f in (faces, faces[:, ::-1]))
    np.testing.assert_allclose(front.astype(int), back, atol=1)


def test_background_and_nothing_to_draw():
    assert not render([], SIDE).any()
    image = render([], SIDE, background=(1, 1, 1))
    assert (image == 255).all() and image.shape == (200, 200, 4) and image.dtype == np.uint8
    edge = render([RenderMesh(*square(), (0, 0, 0))], SIDE, FLAT, background=(1, 1, 1))
    assert (edge[..., 3] == 255).all() and edge[100, 100, 0] == 0 and edge[2, 2, 0] == 255


def test_meshes_behind_or_beside_the_camera_are_left_out():
    camera = frame_camera(np.array([4.0, 0, 0]))
    behind, beside = square(6.0), square(0.0)
    assert not render([RenderMesh(*behind), RenderMesh(beside[0] + [0, 50, 0], beside[1])], camera).any()


def test_vertex_normals_of_a_sphere_point_outwards():
    ball = trimesh.creation.icosphere(subdivisions=3)
    normals = vertex_normals(ball.vertices, ball.faces)
    assert (np.einsum("ij,ij->i", normals, ball.vertices) > 0.999).all()


def test_a_texture_without_coordinates_is_refused():
    with pytest.raises(ValueError, match="corner_uv"):
        render([RenderMesh(*square(), texture=np.zeros((2, 2, 3), np.uint8))], SIDE)
