"""The page on which a dataset is looked over."""

import base64
import io
import re
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from garment_uv.body import load_body
from garment_uv.classes import CLASS_IDS, SKIN
from garment_uv.datasets.open.synthesize import synthesize
from garment_uv.errors import UserError
from garment_uv.samples.config import PrepareOptions
from garment_uv.samples.manifest import SequenceEntry
from garment_uv.samples.prepare import prepare
from garment_uv.samples.sink import FolderSink
from garment_uv.samples.source import FolderSource
from garment_uv.viewing.inspection import PAGE_FILE, TILE, fill_said, label_colours, write_inspection
from garment_uv.viewing.meshes import BODY_COLOUR, GARMENT_COLOURS


def test_samples_are_shown_with_all_that_is_stored_and_measured(tmp_path):
    synthesize(tmp_path / "raw", 2, 2, seed=4, splits={"train": 1.0})
    options = PrepareOptions(map_size=64, image_size=64, subdivisions=0, floor_frames=0)
    prepare(tmp_path / "raw", FolderSink(tmp_path / "set"), load_body("anny"), options)
    source = FolderSource(tmp_path / "set")
    survey = write_inspection(source, "train", tmp_path / "look", shown=3)
    page = (tmp_path / "look" / PAGE_FILE).read_text()
    assert survey.samples == 4 and "4 samples of 2 sequences, 0 left out" in page
    assert fill_said(source.manifest, "train") in page
    assert len(re.findall("<figure", page)) == 3
    first = re.search('base64,([^"]+)', page)
    row = np.asarray(Image.open(io.BytesIO(base64.b64decode(first[1]))))
    assert row.shape == (TILE, 8 * TILE, 3)
    parsing, mask = row[:, 2 * TILE : 3 * TILE], row[:, TILE : 2 * TILE]
    assert (parsing.any(axis=2) != (mask[..., 0] > 127)).mean() < 0.01
    for name in survey.looseness_mm:
        assert page.count(f"<td>{name}</td>") == 4
    again = write_inspection(source, "train", tmp_path / "look", shown=3)
    assert again == survey and (tmp_path / "look" / PAGE_FILE).read_text() == page
    (tmp_path / "look" / PAGE_FILE).write_text("mine")
    with pytest.raises(UserError, match="was not made by"):
        write_inspection(source, "train", tmp_path / "look")
    with pytest.raises(UserError, match="no split 'test'"):
        write_inspection(source, "test", tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_it_is_said_how_exactly_maps_give_back_their_vertices(tmp_path):
    entry = {"split": "train", "frames": 1, "garments": ("Top",), "topology": "default"}
    exact, off = {"worst_mm": 0.001, "off": 0}, {"worst_mm": 1.234, "off": 3, "vertices": (7, 5, 9)}

    def said(*errors, fill="exact"):
        entries = tuple(SequenceEntry(**entry, sequence=f"{n}", fill_error=error) for n, error in enumerate(errors))
        return fill_said(SimpleNamespace(fill=fill, sequences=entries), "train")

    assert said(None, fill="least_norm").startswith("Filled by least_norm; how exactly") and "not measured" in said(
        None
    )
    assert said(exact, exact) == "Filled by exact: every vertex is given back to 0.05 mm"
    assert "in 1 of 2 sequences" in said(exact, off) and "at most 1.23 mm in 1, 3 vertices there (7, 5, 9)" in said(
        exact, off
    )


def test_labels_have_the_colours_of_the_meshes():
    colours = label_colours(np.array([[0, CLASS_IDS["Dress"], SKIN]], np.uint8))
    assert colours.tolist() == [[[0, 0, 0], list(GARMENT_COLOURS["Dress"]), list(BODY_COLOUR)]]
