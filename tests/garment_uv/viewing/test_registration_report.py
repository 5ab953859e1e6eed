"""The picture report of the worst registrations."""

import pytest
from PIL import Image

from garment_uv.body import load_body
from garment_uv.datasets.open.synthesize import synthesize
from garment_uv.datasets.raw import FolderRaw
from garment_uv.errors import UserError
from garment_uv.samples.config import PrepareOptions
from garment_uv.samples.prepare import prepare
from garment_uv.samples.sink import FolderSink
from garment_uv.viewing.registration_report import worst, write_registration_report


def test_the_worst_are_shown_and_told(tmp_path):
    body = load_body("anny")
    synthesize(tmp_path / "raw", 3, 1, seed=4)
    options = PrepareOptions(map_size=64, image_size=64, subdivisions=0, layout="crowded")
    manifest = prepare(tmp_path / "raw", FolderSink(tmp_path / "set"), body, options)
    raw = FolderRaw(tmp_path / "raw")
    ranks = write_registration_report(manifest, raw, body, tmp_path / "report", count=2)
    measured = [q.s2s_mm for entry in manifest.sequences for q in entry.quality.values()]
    assert [rank.quality.s2s_mm for rank in ranks] == sorted(measured, reverse=True)[:2]
    page = (tmp_path / "report" / "index.html").read_text()
    for rank in ranks:
        assert f"{rank.split}/{rank.sequence} {rank.garment}" in page and rank.said in page
        name = f"{rank.split}-{rank.sequence}-{rank.garment}.png"
        assert Image.open(tmp_path / "report" / name).size == (1440, 360)
    with pytest.raises(UserError, match="has no sequence .*; give the dataset's own --raw"):
        other = manifest.sequences[0].model_copy(update={"sequence": "77777"})
        write_registration_report(manifest.model_copy(update={"sequences": (other,)}), raw, body, tmp_path / "x")
    old = manifest.sequences[0].model_copy(update={"quality": {}})
    with pytest.raises(UserError, match="tells no quality"):
        worst(manifest.model_copy(update={"sequences": (old,)}), 3)
