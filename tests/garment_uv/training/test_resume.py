"""Killed and resumed is the same as never killed, byte for byte; and what is no checkpoint is refused."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from garment_uv.errors import UserError
from garment_uv.samples.source import FolderSource
from garment_uv.training.checkpoint import read_header
from garment_uv.training.model_file import load_model, read_card
from garment_uv.training.trainer import Trainer
from tests.garment_uv.cylinder import small_config

ROOT = Path(__file__).parents[3]
CHANGES = {
    "training.epochs": 4,
    "training.threads": 1,
    "training.decay_from": 0.25,
    "evaluation.max_samples": 2,
}

CHILD = """
import json, sys, time
from pathlib import Path
from garment_uv.samples.source import FolderSource
from garment_uv.training.trainer import Trainer
from tests.garment_uv.cylinder import small_config
dataset, checkpoint, changes, kill = sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3]), sys.argv[4] == "1"
steps = []
trainer = Trainer(small_config(**changes), FolderSource(dataset))
if checkpoint.exists():
    trainer.load(checkpoint)
step = trainer._steps
def watched(batch):
    losses = step(batch)
    print("step", trainer.epoch + 1, flush=True)
    steps.append(trainer.epoch + 1)
    if kill and steps.count(3) == 2:
        time.sleep(3600)  # in mid-epoch, until it is killed
    return losses
watched.adversarial = step.adversarial
trainer._steps = watched
while trainer.epoch < 4:
    print("losses", json.dumps(trainer.train_epoch().losses), flush=True)
    trainer.save(checkpoint)
"""


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_sigkill_in_mid_epoch_and_resume_gives_the_same_bytes(make_trainer, dataset, tmp_path):
    never_killed = make_trainer(**CHANGES)
    expected = []
    for _ in range(4):
        expected.append(never_killed.train_epoch().losses)
        never_killed.save(tmp_path / "whole")

    command = [sys.executable, "-c", CHILD, str(dataset), str(tmp_path / "checkpoint"), json.dumps(CHANGES)]
    found, runs = [], 0
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(p for p in (str(ROOT), os.environ.get("PYTHONPATH")) if p),
    }
    while len(found) < 4 and runs < 3:
        runs += 1
        child = subprocess.Popen([*command, str(runs)], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        steps = 0
        for line in child.stdout:
            kind, _, rest = line.strip().partition(" ")
            if kind == "losses":
                found.append(json.loads(rest))
            elif kind == "step" and rest == "3" and runs == 1:
                steps += 1
                if steps == 2:
                    child.send_signal(signal.SIGKILL)
        child.wait()
        assert child.returncode == (-signal.SIGKILL if runs == 1 else 0)
    assert runs == 2
    assert found == expected
    assert content(tmp_path / "checkpoint") == content(tmp_path / "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint", "whole"]


@pytest.fixture(scope="module")
def saved(dataset, tmp_path_factory):
    from garment_uv.samples.source import FolderSource
    from garment_uv.training.trainer import Trainer
    from tests.garment_uv.cylinder import small_config

    trainer = Trainer(small_config(**CHANGES), FolderSource(dataset))
    trainer.train_epoch()
    folder = tmp_path_factory.mktemp("saved") / "checkpoint"
    trainer.save(folder)
    return trainer, folder


def one_line(caught) -> None:
    assert "\n" not in str(caught.value)


def test_a_flipped_byte_anywhere_is_refused_and_nothing_changes(saved, make_trainer, tmp_path):
    _, folder = saved
    trainer = make_trainer(**CHANGES)
    before = {name: value.clone() for name, value in trainer.generator.state_dict().items()}
    for name in (
        "training.safetensors",
        "model/generator.safetensors",
        "model/atlas.npz",
        "model/model.json",
    ):
        copy = shutil.copytree(folder, tmp_path / name.replace("/", "-"))
        data = bytearray((copy / name).read_bytes())
        data[len(data) // 2] ^= 1
        (copy / name).write_bytes(data)
        with pytest.raises(UserError, match=f"{name} is damaged") as caught:
            trainer.load(copy)
        one_line(caught)
    assert trainer.epoch == 0
    assert all(torch.equal(value, before[name]) for name, value in trainer.generator.state_dict().items())


def test_another_config_or_dataset_is_refused(saved, make_trainer, tmp_path):
    _, folder = saved
    with pytest.raises(UserError, match=r"another config \(loss.uv=1.0, now 2.0\)") as caught:
        make_trainer(**CHANGES, **{"loss.uv": 2.0}).load(folder)
    one_line(caught)
    copy = shutil.copytree(folder, tmp_path / "other")
    header = json.loads((copy / "checkpoint.json").read_text())
    (copy / "checkpoint.json").write_text(json.dumps({**header, "dataset_version": "0" * 64}))
    with pytest.raises(UserError, match="dataset version 0000000000000000") as caught:
        make_trainer(**CHANGES).load(copy)
    one_line(caught)


@pytest.mark.parametrize(
    "change",
    [
        {"schema_version": 2},
        {"files": None},
        {"progress": None},
        {"progress": {}},
        {"files": {"a": 1}},
        {"config": {}},
        {"more": 1},
    ],
)
def test_a_header_of_another_kind_is_refused(saved, make_trainer, tmp_path, change):
    copy = shutil.copytree(saved[1], tmp_path / "copy")
    header = {**json.loads((copy / "checkpoint.json").read_text()), **change}
    (copy / "checkpoint.json").write_text(json.dumps({k: v for k, v in header.items() if v is not None}))
    with pytest.raises(UserError, match="checkpoint.json|another config"):
        make_trainer(**CHANGES).load(copy)


@settings(max_examples=100)
@given(data=st.data())
def test_no_header_gets_past_as_anything_but_a_user_error(saved, tmp_path, data):
    header = json.loads((saved[1] / "checkpoint.json").read_text())
    scalars = st.none() | st.integers() | st.floats() | st.text(max_size=4) | st.booleans()
    anything = st.recursive(scalars, lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=4), x))
    name = data.draw(st.sampled_from(sorted(header) + ["files", "progress", "new name"]))
    if data.draw(st.booleans()) and isinstance(header.get(name), dict) and name != "config":
        inner = data.draw(st.sampled_from(sorted(header[name])))
        header[name][inner] = data.draw(anything)
    else:
        header[name] = data.draw(anything)
    (tmp_path / "checkpoint.json").write_text(json.dumps(header))
    try:
        read_header(tmp_path)
    except UserError as error:
        assert "\n" not in str(error)


def test_where_it_runs_may_change(saved, make_trainer, dataset, tmp_path):
    moved = shutil.copytree(dataset, tmp_path / "moved")
    trainer = Trainer(small_config(**CHANGES, **{"data.uri": str(moved)}), FolderSource(moved))
    trainer.load(saved[1])
    assert trainer.epoch == 1


def test_what_is_no_checkpoint_is_refused(make_trainer, tmp_path):
    with pytest.raises(UserError, match="is no checkpoint"):
        make_trainer(**CHANGES).load(tmp_path)


def test_the_checkpoint_is_a_model_too(saved, tmp_path):
    trainer, folder = saved
    trainer.save_model(tmp_path / "model")
    for place in (folder, folder / "model", tmp_path / "model"):
        generator, config, atlas = load_model(place)
        assert not generator.training
        assert config == trainer.config and atlas == trainer.atlas
        weights = trainer.model.state_dict()
        assert all(torch.equal(value, weights[name]) for name, value in generator.state_dict().items())
    card = read_card(tmp_path / "model")
    assert (card.epoch, card.trained_on.image_size, card.trained_on.body_model) == (1, 32, "cylinder")
    assert card.trained_on.dataset_version == trainer.source.manifest.digest()
    with pytest.raises(UserError, match="no model folder"):
        load_model(tmp_path / "nothing")
    (tmp_path / "model" / "generator.safetensors").write_bytes(b"short")
    with pytest.raises(UserError, match="generator.safetensors is damaged"):
        load_model(tmp_path / "model")
