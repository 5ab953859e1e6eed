"""Files and folders appear whole or not at all, whoever writes them, on a full disk and elsewhere."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from garment_uv.datasets.cloth3d.pointcache import write_pointcache
from garment_uv.errors import UserError
from garment_uv.estimation.body_file import BodyFile
from garment_uv.geometry.obj import write_obj
from garment_uv.inference.export import export_model
from garment_uv.metrics.scores_file import SampleScore, write_scores
from garment_uv.networks.generator import GarmentGenerator
from garment_uv.outputs import CannotWrite, file_aside, present_folder, replaced_folder, write_file, write_files
from garment_uv.training.model_file import TrainedOn, save_model
from garment_uv.viewing.meshes import ViewMesh
from garment_uv.viewing.viewer import Panel, write_html
from tests.garment_uv.cylinder import IMAGE, cylinder_atlas, small_config
from tests.garment_uv.disks import full_disk, read_only
from tests.garment_uv.written import write_body_file, write_meshes

FREE = 512
RNG = np.random.default_rng(0)
MESH = ViewMesh("Top", RNG.random((200, 3)), np.arange(198)[:, None] + np.arange(3), (1, 2, 3))
BODY = BodyFile(body_model="anny", gender=0, shape=(0.0,) * 10, pose=(0.1,) * 72, camera=(4.0, 0.0, 0.0))
WRITERS = {
    "a text": lambda path: write_file(path, "a" * 2000),
    "a file aside": lambda path: _stream(path),
    "meshes.glb": lambda path: write_meshes({"Top": MESH}, path),
    "meshes.obj": lambda path: write_meshes({"Top": MESH}, path),
    "page.html": lambda path: write_html([Panel("Top", (MESH,))], path, "a page"),
    "body.json": lambda path: write_body_file(path, BODY),
    "atlas.npz": lambda path: cylinder_atlas().save(path),
    "scores.json": lambda path: write_scores([SampleScore("a-0-0", "Top", 1.0, 2.0)] * 40, path.parent),
    "Top.obj": lambda path: write_obj(path, MESH.vertices, MESH.faces),
    "Top.pc16": lambda path: write_pointcache(path, RNG.random((4, 100, 3))),
}


def _stream(path: Path) -> None:
    with file_aside(path) as file:
        for _ in range(200):
            file.write(b"0123456789")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refused(call, said: str) -> None:
    """It cannot be written, in one line."""
    with pytest.raises(CannotWrite, match=said) as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_is_whole_or_not_there(name, tmp_path):
    write, path = WRITERS[name], tmp_path / name
    with full_disk(FREE):
        refused(lambda: write(path), f"no space for .*{name}: free some")
    assert names(tmp_path) == []
    write(path)
    whole = path.read_bytes()
    assert len(whole) > FREE and names(tmp_path) == [name]
    path.write_bytes(b"of before")
    with full_disk(FREE):
        refused(lambda: write(path), "no space")
    with read_only(tmp_path):
        refused(lambda: write(path), f"{name} lies where nothing may be written")
    assert names(tmp_path) == [name] and path.read_bytes() == b"of before"
    path.unlink()
    path.mkdir()
    refused(lambda: write(path), f"{name} is a folder, and a file is to be written there")
    assert names(tmp_path) == [name] and not names(path)


def test_files_that_belong_together_appear_together(tmp_path):
    both = {tmp_path / "new" / "a": b"a", tmp_path / "new" / "b": b"b" * 2000}
    with full_disk(FREE):
        refused(lambda: write_files(both), "no space for .*/new/b")
    assert names(tmp_path) == []  # not even the folder
    write_files(both)
    assert {path: path.read_bytes() for path in both} == both
    refused(lambda: write_file(tmp_path / "new" / "a" / "c", "c"), "cannot be made, a file is in the way")


def test_a_link_stays_one_and_a_device_is_written_to(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "file")
    write_file(tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "file").read_text() == "text"
    write_file(Path("/dev/null"), "text")
    assert not Path("/dev/null").is_file()
    refused(lambda: write_file(Path("/dev/full"), "text"), "no space for /dev/full")


def small_model(folder: Path) -> Path:
    config = small_config()
    torch.manual_seed(0)
    trained_on = TrainedOn(dataset_version="0" * 64, body_model="cylinder", image_size=IMAGE)
    save_model(folder, GarmentGenerator(config.generator), config, cylinder_atlas(), trained_on, 1)
    return folder


def test_an_exported_model_is_whole_or_not_there_and_the_process_lives(tmp_path):
    model, out = small_model(tmp_path / "model"), tmp_path / "out"
    with full_disk(20_000):
        refused(lambda: export_model(model, out), f"no space for {out}: free some")
    assert names(tmp_path) == ["model"]
    with read_only(tmp_path):
        refused(lambda: export_model(model, out), "/out lies where nothing may be written")
    with full_disk(20_000):
        refused(lambda: small_model(tmp_path / "second"), "no space for .*/second")
    assert names(tmp_path) == ["model"]


def test_a_folder_of_others_is_not_replaced(tmp_path):
    model, photographs = small_model(tmp_path / "model"), tmp_path / "photographs"
    write_files({photographs / "a.png": b"a", photographs / "b.png": b"b"})
    for call in (lambda: export_model(model, photographs), lambda: small_model(photographs)):
        with pytest.raises(UserError, match="photographs holds a.png and 1 more, which would be lost"):
            call()
    write_file(model / "body" / "body_model.json", "{}")  # a companion that was put there
    with pytest.raises(UserError, match="model holds body, which would be lost"):
        small_model(model)
    with pytest.raises(UserError, match="a.png is a file, and a folder is to be written"):
        export_model(model, photographs / "a.png")
    (tmp_path / "model.previous").mkdir()
    write_file(tmp_path / "model.previous" / "mine", "mine")
    (model / "body" / "body_model.json").unlink()
    (model / "body").rmdir()
    small_model(model)
    assert names(tmp_path) == ["model", "model.previous", "photographs"] and names(photographs) == ["a.png", "b.png"]
    assert (tmp_path / "model.previous" / "mine").read_text() == "mine"


def test_replaces_the_whole_folder_and_leaves_nothing_else(tmp_path):
    for text in ("old", "new"):
        with replaced_folder(tmp_path / "out") as fresh:
            (fresh / text).write_text(text)
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["new"]


def test_an_error_keeps_the_old_folder(tmp_path):
    with replaced_folder(tmp_path / "out") as fresh:
        (fresh / "a").write_text("old")
    with pytest.raises(RuntimeError), replaced_folder(tmp_path / "out") as fresh:
        (fresh / "a").write_text("half")
        raise RuntimeError("power")
    assert names(tmp_path) == ["out"]
    assert (tmp_path / "out" / "a").read_text() == "old"


def test_a_kill_before_the_rename_keeps_the_old_folder(tmp_path):
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from garment_uv.outputs import replaced_folder\n"
        "with replaced_folder(Path(sys.argv[1])) as fresh:\n"
        "    (fresh / 'a').write_text('half'); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    with replaced_folder(tmp_path / "out") as fresh:
        (fresh / "a").write_text("old")
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "out")])
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "out" / "a").read_text() == "old"


def test_a_death_between_the_renames_is_found(tmp_path):
    with replaced_folder(tmp_path / "out") as fresh:
        (fresh / "a").write_text("old")
    os.rename(tmp_path / "out", tmp_path / ".out.previous")
    assert present_folder(tmp_path / "out") == tmp_path / ".out.previous"
    assert present_folder(tmp_path / "other") == tmp_path / "other"
