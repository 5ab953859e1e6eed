"""A model as one program: the same answers, without the network's classes, and strangers' files are not read."""

import json
import os
import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import torch

from garment_uv.errors import UserError
from garment_uv.inference.card import CARD, PROGRAM, read_inference_card
from garment_uv.inference.export import export_model
from garment_uv.inference.program import load_program
from garment_uv.inference.reconstructor import load_for_use
from garment_uv.networks.generator import GarmentGenerator
from garment_uv.samples.batch import collate
from garment_uv.training.model_file import TrainedOn, load_model, save_model
from garment_uv.training.predict import Predictor
from tests.garment_uv.cylinder import IMAGE, cylinder_atlas, make_sample, small_config

LIFTED = {"generator.image": "lifted", "generator.lifted.pixels": 32, "generator.lifted.width": 8}
FORMS = {
    "per_class body": {"generator.local.mode": "per_class", "generator.frame": "body"},
    "none surface": {"generator.local.mode": "none", "generator.frame": "surface"},
    "lifted": LIFTED,
}


@pytest.fixture(scope="module", params=FORMS)
def folders(request, tmp_path_factory):
    """A model with weights of some size, and what was exported of it."""
    work = tmp_path_factory.mktemp("export")
    torch.manual_seed(0)
    config = small_config(**FORMS[request.param])
    generator = GarmentGenerator(config.generator)
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter += 0.05 * torch.randn_like(parameter)
    trained_on = TrainedOn(dataset_version="0" * 64, body_model="cylinder", image_size=IMAGE)
    save_model(work / "model", generator, config, cylinder_atlas(), trained_on, 3)
    export_model(work / "model", work / "inference")
    return work / "model", work / "inference"


def test_the_program_gives_what_the_model_gives(folders):
    one, other = (load_for_use(folder) for folder in folders)
    assert other.trained_on == one.trained_on and other.push_out == one.push_out
    for number in range(4):
        batch = collate([make_sample(one.atlas, "test", number, raw=True)])
        for segments in ("given", "predicted"):
            wanted = Predictor(one.generator, one.atlas)(batch, segments)
            found = Predictor(other.generator, other.atlas)(batch, segments)
            assert np.array_equal(found.vertex_classes, wanted.vertex_classes)
            assert np.abs(found.vertices - wanted.vertices).max() < 1e-6
            assert np.ptp(wanted.vertices - batch.body_vertices.numpy()) > 1e-3


def test_the_card_says_what_to_give_and_the_networks_classes_are_not_needed(folders):
    card = read_inference_card(folders[1])
    asked = load_model(folders[0])[0].needs_frames
    assert [tensor.name for tensor in card.inputs] == ["image", "body_uv", "camera", "segments"] + asked * ["frames"]
    assert card.epoch == 3 and all("metres" in t.what for t in (card.inputs[1], card.outputs[0]))
    code = f"""
import json, sys, torch
from garment_uv.inference.program import load_program
card = json.load(open({str(folders[1] / CARD)!r}))
inputs = [torch.zeros(t["shape"], dtype=getattr(torch, t["dtype"])) for t in card["inputs"]]
outputs = load_program({str(folders[1] / PROGRAM)!r})(*inputs)
assert [list(o.shape) for o in outputs] == [t["shape"] for t in card["outputs"]]
print([name for name in sys.modules if name.startswith("garment_uv.networks")])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.strip() == "[]"


def altered(source, target, change):
    """A copy of an archive in which `change` maps (name, bytes) to other bytes."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        root = name.partition("/")[0]
        for extra, data in change(None, root) or ():
            new.writestr(extra, data)
    return target


class Harm:
    def __init__(self, path) -> None:
        self.path = str(path)

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_a_strangers_archive_is_refused_before_anything_in_it_runs(folders, tmp_path):
    program, harmed = folders[1] / PROGRAM, tmp_path / "harmed"
    harm = pickle.dumps(Harm(harmed))

    def pickled(name, data):
        if name is None or not name.endswith("weights_config.json"):
            return data if name else ()
        config = json.loads(data)
        next(iter(config["config"].values()))["use_pickle"] = True
        return json.dumps(config)

    def with_inputs(name, data):
        return harm if name and name.endswith("sample_inputs/model.pt") else data if name else ()

    def with_library(name, data):
        return data if name else ((f"{data}/data/aotinductor/model/model.so", b"\x7fELF"),)

    def symbolic(name, data):
        if name is None or not name.endswith("models/model.json"):
            return data if name else ()
        return data.replace(b'"as_int": 1}', b'"as_expr": {"expr_str": "s0"}}', 1)

    for change, said in (
        (pickled, "pickled"),
        (with_inputs, "not read"),
        (with_library, "so'"),
        (symbolic, "symbolic"),
    ):
        with pytest.raises(UserError, match=said) as caught:
            load_program(altered(program, tmp_path / f"{change.__name__}.pt2", change))
        assert "\n" not in str(caught.value)
    (tmp_path / "text.pt2").write_text("no archive")
    with pytest.raises(UserError, match="no program that was exported here"):
        load_program(tmp_path / "text.pt2")
    assert not harmed.exists()


def test_a_damaged_folder_and_no_model_are_named(folders, tmp_path):
    with pytest.raises(UserError, match="no model folder"):
        export_model(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in folders[1].iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    (copy / PROGRAM).write_bytes((copy / PROGRAM).read_bytes()[:-1])
    with pytest.raises(UserError, match="is damaged"):
        load_for_use(copy)
