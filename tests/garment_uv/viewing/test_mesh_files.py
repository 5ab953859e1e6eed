"""Files that other programs open."""

import json
import struct

import numpy as np
import pytest
import trimesh

from garment_uv.errors import UserError
from garment_uv.viewing.meshes import to_y_up
from tests.garment_uv.written import write_meshes


def test_glb_is_y_up_named_two_sided_with_normals(tmp_path, body, dress):
    path = tmp_path / "deep" / "meshes.glb"
    write_meshes({"Dress": dress, "body": body}, path)
    content = path.read_bytes()
    header = json.loads(content[20 : 20 + struct.unpack("<I", content[12:16])[0]])
    assert sorted(mesh["name"] for mesh in header["meshes"]) == ["Dress", "body"]
    assert all("NORMAL" in mesh["primitives"][0]["attributes"] for mesh in header["meshes"])
    assert all(material["doubleSided"] for material in header["materials"])
    scene = trimesh.load(path)
    read = scene.geometry["Dress"]
    assert len(read.vertices) == len(dress.vertices)
    assert np.abs(read.vertices - to_y_up(dress.vertices)).max() < 1e-6
    assert np.array_equal(read.faces, dress.faces)
    assert read.extents.argmax() == 1
    assert read.volume > 0
    assert [item.name for item in path.parent.iterdir()] == ["meshes.glb"]


def test_y_up_is_a_rotation_and_faces_the_viewer():
    turn = to_y_up(np.eye(3)).T
    assert np.linalg.det(turn) == pytest.approx(1)
    assert to_y_up(np.array([[1.0, 0, 0]])).tolist() == [[0, 0, 1]]  # towards the picture's camera: +z
    assert to_y_up(np.array([[0, 0, 1.0]])).tolist() == [[0, 1, 0]]  # up


def test_obj_reads_back(tmp_path, body, dress):
    path = tmp_path / "meshes.obj"
    write_meshes({"Dress": dress, "body": body}, path)
    text = path.read_text()
    assert "o Dress\n" in text and "o body\n" in text
    read = trimesh.load(path, process=False, maintain_order=True)
    assert len(read.faces) == len(dress.faces) + len(body.faces)
    assert np.abs(read.vertices - np.concatenate([dress.vertices, body.vertices])).max() < 1e-6


def test_other_endings_are_refused(tmp_path, dress):
    with pytest.raises(UserError, match=".glb or .obj"):
        write_meshes({"Dress": dress}, tmp_path / "meshes.stl")
    write_meshes({"Dress": dress}, tmp_path / "meshes.GLB")
