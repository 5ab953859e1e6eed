"""What commands write, by one table: never over an input, whole or not at all, and one line where it cannot be."""

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from garment_sweeps.cli.data import COMMANDS as DATA_COMMANDS
from garment_sweeps.cli.main import COMMANDS, garment, main
from garment_sweeps.study.decisions import write_file
from garment_sweeps.tracking.ui import users_file
from garment_uv.datasets.open.synthesize import synthesize
from garment_uv.outputs import CannotWrite
from garment_uv.samples.source import FolderSource, iterate_samples
from tests.garment_sweeps.promotion.crafted import track
from tests.garment_uv.cylinder import write_dataset
from tests.garment_uv.disks import full_disk, read_only
from tests.garment_uv.pictured import body_file, frame, model, open_body, picture
from tests.garment_uv.test_outputs import small_model

__all__ = ["body_file", "frame", "model", "open_body", "picture"]
WITHOUT_OUT = {"data verify", "sweep", "submit", "leaderboard", "promote", "rollback", "ui", "doctor"}
"""Their files are the storage's, the home's and MLflow's; see the end of this file."""
QUICKSTART = str(Path(__file__).resolve().parents[3] / "experiments" / "quickstart.py")
FREE = 100
"""Bytes that fit: every file that is cut by it is longer."""


@dataclass(frozen=True)
class World:
    """What the commands take; all of it is an input."""

    folder: Path
    raw: Path
    sequence: Path
    dataset: Path
    """Of the raw sequence."""
    cylinders: Path
    """A dataset with meshes of every test sample in `meshes`, and `trained`, a model of it."""


@dataclass(frozen=True)
class Case:
    """One command: its arguments but `--out`, the name of a good output, and outputs that are inputs."""

    arguments: Callable[["World"], list]
    out: str
    overs: Callable[["World"], list[Path]]
    runs: bool = True
    """False for one that trains or makes a thousand files first: what it writes is in `test_outputs.py`."""
    left: tuple[str, ...] = ()
    """What it leaves behind for the same command to go on with."""


CASES = {
    "reconstruct": Case(
        lambda w: ["photographs/a.png", "--body", "photographs/a.json", "--model", "model"],
        "new/mesh.glb",
        lambda w: [w.folder / name for name in ("photographs/a.glb", "link/a.obj", "hard.glb", "model/mesh.glb")],
    ),
    "reconstruct many": Case(
        lambda w: ["photographs", "--model", "model"],
        "new",
        lambda w: [w.folder / name for name in ("photographs", "link", "others")],
    ),
    "export": Case(
        lambda w: [w.folder / "trained"], "new", lambda w: [w.folder / "trained", w.folder, w.folder / "trained/in"]
    ),
    "evaluate": Case(
        lambda w: ["--meshes", "meshes", "--data", w.cylinders],
        "new/table.csv",
        lambda w: [w.cylinders / "manifest.json", w.folder / "meshes/test-00000-0000/Top.obj"],
    ),
    "compare": Case(
        lambda w: ["drawn/only"], "new/page.html", lambda w: [w.folder / "home/mlflow.db", w.folder / "db.html"]
    ),
    "train": Case(lambda w: ["tests/none.py"], "model", lambda w: [], runs=False),
    "train-body": Case(
        lambda w: ["--data", w.dataset], "body", lambda w: [w.dataset, w.folder / "photographs"], runs=False
    ),
    "data synthesize": Case(
        lambda w: ["--sequences", 3, "--frames", 1, "--images", "frames", "--variety", "full"],
        "made",
        lambda w: [w.raw, w.folder / "photographs"],
        left=("made", "made/synthesis.json"),
    ),
    "data prepare": Case(
        lambda w: ["--raw", w.raw, "--map-size", 64, "--image-size", 64, "--subdivisions", 0, "--overwrite"],
        "set",
        lambda w: [w.raw, w.folder, w.raw / "set", w.folder / "photographs", w.folder / "noted"],
    ),
    "data benchmark": Case(lambda w: [], "open", lambda w: [w.folder / "taken"], runs=False),
    "data report": Case(
        lambda w: [w.dataset, "--raw", w.raw, "--worst", 1], "new", lambda w: [w.dataset, w.raw, w.folder / "others"]
    ),
    "data inspect": Case(
        lambda w: [w.dataset, "--split", "test", "--shown", 1], "new", lambda w: [w.dataset, w.folder / "others"]
    ),
    "data frame": Case(lambda w: [w.sequence], "new", lambda w: [w.sequence, w.folder / "others"]),
}
RUNNING = [name for name, case in CASES.items() if case.runs]


@pytest.fixture(scope="module")
def made(tmp_path_factory, model) -> World:
    """Everything once; each test gets a copy of the small files that it may ruin."""
    folder = tmp_path_factory.mktemp("outputs")
    (sequence,) = synthesize(folder / "raw", 1, 2, splits={"test": 1})
    world = World(folder, folder / "raw", sequence, folder / "dataset", folder / "cylinders")
    options = ["--map-size", "64", "--image-size", "64", "--subdivisions", "0"]
    assert main(["data", "prepare", "--raw", str(world.raw), "--out", str(world.dataset), *options]) == 0
    write_dataset(world.cylinders, train=2, val=2, test=2)
    for sample in iterate_samples(FolderSource(world.cylinders), "test"):
        for name in sample.garments:
            path = folder / "meshes" / sample.key / f"{name}.obj"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    shutil.copytree(model, folder / "model")
    small_model(folder / "trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GARMENT_HOME", str(folder / "home"))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        track(world.cylinders, folder / "trained", "drawn", logged_mm=9.0)
    return world


@pytest.fixture
def world(made, picture, body_file, monkeypatch) -> World:
    """The inputs as they were made, and this process among them."""
    for name in ("photographs", "others", "taken", "new"):
        shutil.rmtree(made.folder / name, ignore_errors=True)
    for name in ("a", "b"):
        (made.folder / "photographs").mkdir(exist_ok=True)
        shutil.copy(picture, made.folder / "photographs" / f"{name}.png")
        shutil.copy(body_file, made.folder / "photographs" / f"{name}.json")
    for name in ("a.png", "index.html", "image.png"):
        (made.folder / "others").mkdir(exist_ok=True)
        (made.folder / "others" / name).write_text("somebody's")
    (made.folder / "taken" / "raw").mkdir(parents=True)
    (made.folder / "taken" / "raw" / "mine").write_text("mine")
    for name, target in {"link": "photographs", "db.html": "home/mlflow.db"}.items():
        (made.folder / name).unlink(missing_ok=True)
        (made.folder / name).symlink_to(made.folder / target)
    (made.folder / "hard.png").unlink(missing_ok=True)
    os.link(made.folder / "photographs" / "a.png", made.folder / "hard.png")
    shutil.copytree(made.dataset, made.folder / "noted", dirs_exist_ok=True)
    (made.folder / "noted" / "notes.txt").write_text("somebody's, beside a dataset")
    monkeypatch.chdir(made.folder)
    monkeypatch.setenv("GARMENT_HOME", str(made.folder / "home"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return made


def run(name: str, world: World, out: Path) -> int:
    words = name.removesuffix(" many").split()
    return main([*words, *map(str, CASES[name].arguments(world)), "--out", str(out)])


def tree(folder: Path) -> dict[str, str]:
    """Every file and folder but what is written aside, with the files' sha256."""
    found = [path for path in sorted(folder.rglob("*")) if not any(p.startswith(".") for p in path.parts)]
    known = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in found if path.is_file()}
    return {str(path.relative_to(folder)): known.get(path, "") for path in found}


def one_line(capsys) -> str:
    said = capsys.readouterr().err
    line = said.splitlines()[-1]
    assert line.startswith("garment: ") and "fault of garment" not in line and "Traceback" not in said
    return line


def test_the_table_has_every_command_that_has_an_output():
    commands = {name: garment.get_command(None, name) for name in COMMANDS if name != "data"}
    data = garment.get_command(None, "data")
    commands |= {f"data {name}": data.get_command(None, name) for name in DATA_COMMANDS}
    with_out = {name for name, command in commands.items() if any(p.name == "out" for p in command.params)}
    assert with_out == {name.removesuffix(" many") for name in CASES} and set(commands) - with_out == WITHOUT_OUT


@pytest.mark.parametrize("name", [name for name in CASES if name != "train"])
def test_no_output_is_an_input_or_somebody_elses(name, world, capsys):
    before = tree(world.folder)
    for over in CASES[name].overs(world):
        assert run(name, world, over) == 1, over
        said = one_line(capsys)
        assert any(word in said for word in ("input", "is there already", "lost", "not empty", "other arguments")), said
        assert tree(world.folder) == before, over


@pytest.mark.parametrize("name", RUNNING)
def test_on_a_full_disk_there_is_nothing_and_one_line_says_so(name, world, capsys):
    before, out = tree(world.folder), world.folder / CASES[name].out
    with full_disk(FREE):
        assert run(name, world, out) == 1
    assert "no space" in one_line(capsys)
    after = {path: digest for path, digest in tree(world.folder).items() if path not in CASES[name].left}
    assert after == before


@pytest.mark.parametrize("name", RUNNING)
def test_in_a_place_to_read_only_there_is_nothing_and_one_line_says_so(name, world, tmp_path, capsys):
    place = tmp_path / "place"
    place.mkdir()
    with read_only(place):
        assert run(name, world, place / CASES[name].out) == 1
    said = one_line(capsys)
    assert str(place) in said and any(word in said for word in ("nothing may be written", "Permission denied"))
    assert tree(place) == {}


@pytest.mark.parametrize("name", CASES)
def test_a_folder_or_a_file_in_the_way_stays(name, world, tmp_path, capsys):
    out = tmp_path / Path(CASES[name].out).name
    if out.suffix:
        out.mkdir()
    else:
        out.write_text("mine")
    before = tree(tmp_path)
    if name == "train":
        assert main(["train", QUICKSTART, "--set", f"data.uri={world.cylinders}", "--out", str(out)]) == 1
    else:
        assert run(name, world, out) == 1
    said = one_line(capsys)
    assert str(out) in said and any(word in said for word in ("folder", "is a file", "exists"))
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    "name", ["reconstruct", "reconstruct many", "export", "compare", "data report", "data inspect", "data frame"]
)
def test_the_same_command_again_writes_over_its_own(name, world):
    out = world.folder / CASES[name].out
    assert run(name, world, out) == 0
    first = set(tree(world.folder))
    assert run(name, world, out) == 0
    assert set(tree(world.folder)) == first


def test_a_training_does_not_become_its_dataset(world, capsys):
    before = tree(world.cylinders)
    over = world.cylinders / "model"
    assert main(["train", QUICKSTART, "--set", f"data.uri={world.cylinders}", "--out", str(over)]) == 1
    assert "would be written over files of the input" in one_line(capsys) and tree(world.cylinders) == before


@pytest.mark.parametrize(
    "write",
    [lambda path: write_file([{"kind": "a" * FREE}], path), lambda path: users_file(path.parent)],
    ids=["decision log", "users of the server"],
)
def test_files_of_the_home_are_whole_or_not_there(write, tmp_path):
    with full_disk(100), pytest.raises(CannotWrite, match="no space"):
        write(tmp_path / "log.jsonl")
    assert tree(tmp_path) == {}
