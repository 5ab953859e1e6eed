import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garment_uv.errors import UserError
from garment_uv.geometry.obj import read_obj, triangulate, write_obj

VERTICES = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0.123456], [2, 2, 2]])


def test_quads_and_triangles_go_round(tmp_path):
    write_obj(tmp_path / "Top.obj", VERTICES, [(0, 1, 2, 3), (1, 4, 2)])
    mesh = read_obj(tmp_path / "Top.obj")
    assert np.allclose(mesh.vertices, VERTICES, atol=1e-6)
    assert mesh.polygons == ((0, 1, 2, 3), (1, 4, 2))
    assert mesh.triangles.tolist() == [[0, 1, 2], [0, 2, 3], [1, 4, 2]]
    assert mesh.triangles.dtype == np.int32 and mesh.uvs is None


def test_texture_coordinates_go_round(tmp_path):
    uvs, corners = np.array([[0, 0], [1, 0], [1, 1], [0, 0.5]]), np.array([[3, 2, 1, 0]])
    write_obj(tmp_path / "Top.obj", VERTICES, np.array([[0, 1, 2, 3]]), uvs, corners)
    mesh = read_obj(tmp_path / "Top.obj")
    assert np.allclose(mesh.uvs, uvs) and mesh.polygon_uvs == ((3, 2, 1, 0),)


def test_every_way_to_write_a_corner_is_read(tmp_path):
    text = "# a comment\no garment\nv 0 0 0 0.5 0.5 0.5\nv 1 0 0\r\nv 0 1 0\nvt 0 0\nvn 0 0 1\ns off\nusemtl a_b\n\n"
    (tmp_path / "Top.obj").write_text(
        text + "f 1 2 3\nf 1/1 2/1 3/1\nf 1//1 2//1 3//1\nf 1/1/1 2/1/1 3/1/1\nf -3 -2 -1\n"
    )
    mesh = read_obj(tmp_path / "Top.obj")
    assert mesh.triangles.tolist() == [[0, 1, 2]] * 5
    assert mesh.polygon_uvs is None


def test_a_fan_has_the_polygons_area_and_no_face_twice_the_same_vertex():
    assert triangulate([(0, 1, 2, 3, 4)]).tolist() == [[0, 1, 2], [0, 2, 3], [0, 3, 4]]
    assert triangulate([(0, 1, 1, 2), (0, 0, 1)]).tolist() == [[0, 1, 2]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds 0 vertices and 0 faces"),
        ("v 0 0 0\n", "1 vertices and 0 faces"),
        ("v 0 0 x\n", "line 1 is no .obj line"),
        ("v 0 0 1_0\n", "line 1 is no .obj line"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\nf1 2 3\n", "line 5 is no .obj line"),
        ("v 0 0 0 0.5 0.5 -0.5\nv 1 0 0\nv 0 1 0\nf 1 2 3\n", "a 'v' line has 6 numbers"),
        ("v 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n", "a 'v' line has 2 numbers"),
        ("v 0 .1 23 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n", "a 'v' line has 4 numbers"),
        ("v 0 0 nan\nv 1 0 0\nv 0 1 0\nf 1 2 3\n", "'v' 1 is not finite"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 4\n", "names vertex 4 of 3"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 0 1 2\n", "of 3"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\nf -4 1 2\n", "of 3"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2\n", "a face has 2 corners"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nf 1/9 2/1 3/1\n", "texture corner 9 of 1"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, text, said):
    (tmp_path / "Top.obj").write_text(text)
    with pytest.raises(UserError, match=said) as caught:
        read_obj(tmp_path / "Top.obj")
    assert "Top.obj" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("faces", [[], [(0, 1)], [(0, 1, 9)], [(0, -1, 2)]])
def test_a_mesh_that_cannot_be_read_is_not_written(tmp_path, faces):
    with pytest.raises(UserError, match="check the mesh"):
        write_obj(tmp_path / "Top.obj", VERTICES, faces)
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=150)
@given(data=st.one_of(st.binary(max_size=200), st.text("vftn 0123456789-+./e#\n", max_size=300).map(str.encode)))
def test_garbage_is_refused_or_a_mesh(tmp_path, data):
    (tmp_path / "Top.obj").write_bytes(data)
    try:
        mesh = read_obj(tmp_path / "Top.obj")
    except UserError as error:
        assert "Top.obj" in str(error)
    else:
        assert np.isfinite(mesh.vertices).all() and all(len(p) >= 3 for p in mesh.polygons)
