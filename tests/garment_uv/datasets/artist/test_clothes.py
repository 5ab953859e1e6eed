"""Artists' clothes read from their package: they follow the base mesh, and what is broken is refused in one line."""

import json
import shutil

import numpy as np
import pytest

from garment_uv.body.protocol import BodyParameters
from garment_uv.body.skeleton import REST_POSE
from garment_uv.datasets.artist.clothes import BASE_VERTICES, CLASSES, LEAST_VERTICES, clothes_file, read_clothes
from garment_uv.errors import UserError
from garment_uv.geometry.normals import face_areas


def test_clothes_follow_the_base_mesh_which_the_body_is_part_of(package, stage):
    clothes = read_clothes(package)
    assert {item.name: item.garment_class for item in clothes} == CLASSES
    shape = np.linspace(-1, 1, 10).astype(np.float32)
    (mesh,) = stage.body.base_mesh_many(0, shape, REST_POSE[None])
    assert mesh.shape == (BASE_VERTICES, 3)
    tights = stage.body.rest_helpers(BodyParameters(0, shape, np.zeros(72, np.float32)))["tights"]
    np.testing.assert_allclose(mesh[stage.layers["tights"].base_vertices], tights, atol=1e-6)
    skirt = next(item for item in clothes if item.name == "miniskirt")
    worn = skirt.on(mesh.astype(np.float64))
    assert len(worn) >= LEAST_VERTICES and worn[:, 2].max() < 0.1 and len(skirt.offsets) < LEAST_VERTICES
    assert np.array_equal(worn[: len(skirt.base)], mesh[skirt.base[:, 0]]), "drawn vertices first, finer ones behind"
    assert face_areas(worn, skirt.faces).min() > 0


def without_weights(values):
    del values["weights"]


def of_triangles(values):
    values["faces"][0] = 10


def beyond(values):
    values["ref_vIdxs"][0][0] = BASE_VERTICES


def not_a_number(values):
    values["offsets"][3][1] = float("nan")


def shorter(values):
    values["weights"].pop()


def under_another(values):
    values["metadata"]["license"]["license"] = "AGPL3"


def of_words(values):
    values["weights"][0][0] = "much"


@pytest.mark.parametrize(
    "damage", [without_weights, of_triangles, beyond, not_a_number, shorter, under_another, of_words]
)
def test_a_broken_garment_is_refused_in_one_line(package, tmp_path, damage):
    copy = shutil.copytree(package, tmp_path / "package")
    path = clothes_file(copy, "Coat")
    values = json.loads(path.read_text())
    damage(values)
    path.write_text(json.dumps(values))
    with pytest.raises(UserError) as said:
        read_clothes(copy)
    assert "Coat.json" in str(said.value) and "npm pack" in str(said.value) and "\n" not in str(said.value)


def test_what_is_not_the_package_is_refused_in_one_line(package, tmp_path):
    copy = shutil.copytree(package, tmp_path / "package")
    path = clothes_file(copy, "TubeTop")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match="TubeTop.json is no garment of the package"):
        read_clothes(copy)
    path.unlink()
    with pytest.raises(UserError, match="TubeTop.json is not there; give --clothes the folder"):
        read_clothes(copy)
    with pytest.raises(UserError, match="clothes is not there; give --clothes the folder"):
        read_clothes(tmp_path)
