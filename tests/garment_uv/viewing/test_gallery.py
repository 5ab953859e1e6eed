"""What a trial leaves to look at."""

import numpy as np
import trimesh
from PIL import Image

from garment_uv.geometry.s2s import S2S
from garment_uv.metrics.aggregate import GarmentScore
from garment_uv.metrics.scores_file import SCORES_FILE
from garment_uv.training.evaluate import EvaluatedSample
from garment_uv.viewing.exhibits import read_gallery
from garment_uv.viewing.gallery import write_gallery
from tests.garment_uv.cylinder import cylinder_atlas, make_sample


def test_pictures_meshes_and_page_of_each_sample(tmp_path):
    atlas = cylinder_atlas()
    items = []
    for number in (0, 1):
        sample = make_sample(atlas, "val", number, raw=True)
        meshes = {name: (raw.vertices + 0.01, raw.faces) for name, raw in sample.garments.items()}
        items.append(EvaluatedSample(sample, meshes, [GarmentScore(n, S2S(10.0, 12.0)) for n in meshes]))
    write_gallery(items, atlas, tmp_path / "gallery", "two samples")
    keys = ["val-00000-0000", "val-00001-0000"]
    page = (tmp_path / "gallery" / "index.html").read_text()
    for key in keys:
        assert f"{key}: prediction" in page
        assert Image.open(tmp_path / "gallery" / f"{key}.png").size[0] > 600
        scene = trimesh.load(tmp_path / "gallery" / f"{key}-prediction.glb")
        assert set(scene.geometry) == set(items[keys.index(key)].meshes)
    assert "Top 11.0 mm" in page
    found = read_gallery(tmp_path / "gallery")
    assert [item.key for item in found] == keys
    assert np.array_equal(found[1].prediction["Dress"][0], items[1].meshes["Dress"][0])
    assert [item.scores for item in found] == [tuple(item.sample_scores) for item in items]
    assert [score.mean_mm for score in found[1].scores] == [11.0]


def test_a_gallery_of_before_scores_were_kept_is_read_without_and_a_sample_may_have_no_prediction(tmp_path):
    sample = make_sample(cylinder_atlas(), "val", 1, raw=True)
    write_gallery([EvaluatedSample(sample, {}, [])], cylinder_atlas(), tmp_path, "nothing was seen")
    assert not (tmp_path / f"{sample.key}-prediction.glb").exists()
    (tmp_path / SCORES_FILE).unlink()
    (found,) = read_gallery(tmp_path)
    assert found.scores == () and found.prediction == {} and set(found.truth) == {"Dress"}
