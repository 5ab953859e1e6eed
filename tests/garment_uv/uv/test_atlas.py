import dataclasses

import numpy as np
import pytest

from garment_uv.errors import UserError
from garment_uv.uv.atlas import Atlas


def test_comes_back_from_a_file_as_it_was(atlas, tmp_path):
    atlas.save(tmp_path / "atlas.npz")
    read = Atlas.load(tmp_path / "atlas.npz")
    assert read == atlas and hash(read) == hash(atlas) and read.digest == atlas.digest
    for name in ("point_vertex", "points", "uv_faces"):
        np.testing.assert_array_equal(getattr(read, name), getattr(atlas, name))
    assert set(read.faces) == {"default", "skirt"}
    np.testing.assert_array_equal(read.faces["skirt"], atlas.faces["skirt"])
    assert [path.name for path in tmp_path.iterdir()] == ["atlas.npz"]


def test_the_digest_tells_every_part_apart(atlas):
    moved = atlas.points.copy()
    moved[3, 0] += 1e-6
    faces = {**atlas.faces, "skirt": atlas.faces["skirt"][1:]}
    others = [
        dataclasses.replace(atlas, digest="", points=moved),
        dataclasses.replace(atlas, digest="", size=atlas.size + 2),
        dataclasses.replace(atlas, digest="", faces=faces),
        dataclasses.replace(atlas, digest="", uv_faces=atlas.uv_faces[::-1]),
    ]
    assert len({atlas.digest, *(other.digest for other in others)}) == 5
    assert atlas != others[0]


def test_a_file_whose_points_were_changed_is_refused(atlas, tmp_path):
    atlas.save(tmp_path / "atlas.npz")
    with np.load(tmp_path / "atlas.npz") as file:
        values = dict(file)
    values["points"] = values["points"] * 0.99
    np.savez(tmp_path / "atlas.npz", **values)
    with pytest.raises(UserError, match="digest"):
        Atlas.load(tmp_path / "atlas.npz")


@pytest.mark.parametrize("damage", ["absent", "empty", "text", "cut", "flipped", "other format", "entry missing"])
def test_a_damaged_file_is_one_line(atlas, tmp_path, damage):
    path = tmp_path / "atlas.npz"
    atlas.save(path)
    whole = path.read_bytes()
    if damage == "absent":
        path.unlink()
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "text":
        path.write_text("not an atlas")
    elif damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "flipped":
        path.write_bytes(whole[:5000] + bytes([whole[5000] ^ 255]) + whole[5001:])
    elif damage == "other format":
        np.savez(path, format=99)
    else:
        np.savez(path, format=1, size=4)
    with pytest.raises(UserError) as caught:
        Atlas.load(path)
    assert "\n" not in str(caught.value) and "again" in str(caught.value)


def test_points_outside_the_canvas_are_refused(atlas):
    with pytest.raises(ValueError, match="canvas"):
        dataclasses.replace(atlas, digest="", points=atlas.points + atlas.size)
