"""A preparation that is ended anywhere: the next one does only what is missing, and the bytes are the same."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest

from garment_uv.errors import UserError
from garment_uv.samples import jobs as jobs_module
from garment_uv.samples import prepare as prepare_module
from garment_uv.samples.codec import encode_sample
from garment_uv.samples.config import PrepareOptions
from garment_uv.samples.flow import PartRecord
from garment_uv.samples.manifest import LeftOut, Manifest, SequenceEntry
from garment_uv.samples.prepare import prepare
from garment_uv.samples.shards import tar_blocks
from garment_uv.samples.sink import FolderSink
from tests.garment_uv.samples.made import SIZE, made_atlas, made_format, made_sample
from tests.garment_uv.samples.prepare_here import OPTIONS

SHORT = PrepareOptions(map_size=SIZE, image_size=40, subdivisions=0, layout="crowded", samples_per_shard=4)
FRAMES = {"00000": 3, "00001": 0, "00002": 6, "00003": 2}


class MadeBody:
    name, digest = "made", "0"


@pytest.fixture
def quick(monkeypatch, tmp_path):
    """A raw folder whose sequences are made up in no time, so that a run can be cut off at every single step."""
    encoded = []

    def encode(found, item, targets, shown) -> list[PartRecord]:
        encoded.append(item.key)
        return [part_of(item, target) for target in targets]

    def part_of(item, target) -> PartRecord:
        frames = FRAMES[item.name]
        if not frames:
            left_out = LeftOut(split=item.split, sequence=item.name, reason="empty")
            return PartRecord(key=item.key, fingerprint=item.fingerprint, left_out=left_out)
        samples = [made_sample(target.workshop.atlas, item.split, int(item.name), at) for at in range(frames)]
        blocks = [tar_blocks(sample.key, encode_sample(sample, made_format())) for sample in samples]
        target.path.write_bytes(b"".join(blocks))
        entry = SequenceEntry(
            split=item.split, sequence=item.name, frames=frames, garments=("Tshirt",), topology="default"
        )
        checks = [zlib.crc32(block) for block in blocks]
        lengths = [len(block) for block in blocks]
        return PartRecord(key=item.key, fingerprint=item.fingerprint, entry=entry, lengths=lengths, checks=checks)

    monkeypatch.setattr(jobs_module, "encode_parts", encode)
    monkeypatch.setattr(prepare_module, "build_topology", lambda body, subdivisions: None)
    monkeypatch.setattr(prepare_module, "build_atlas", lambda topology, size, layout: made_atlas())
    for split in ("train", "val"):
        for name in FRAMES:
            (tmp_path / "raw" / split / name).mkdir(parents=True)
            (tmp_path / "raw" / split / name / "info.mat").write_text(name)
    return tmp_path / "raw", encoded


class Cut(BaseException):
    """Stands for the process being killed."""


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("overwrite", [False, True])
def test_cut_off_at_every_step_it_goes_on(quick, tmp_path, monkeypatch, overwrite):
    raw, encoded = quick
    prepare(raw, FolderSink(tmp_path / "calm"), MadeBody, SHORT)
    wanted, in_all = files_of(tmp_path / "calm"), len(encoded)
    steps = {"left": 0}

    def counted(call):
        def step(*args, **kwargs):
            steps["left"] -= 1
            if steps["left"] == 0:
                raise Cut
            return call(*args, **kwargs)

        return step

    for name in ("replace", "rename", "unlink"):
        monkeypatch.setattr(os, name, counted(getattr(os, name)))
    monkeypatch.setattr(shutil, "rmtree", counted(shutil.rmtree))
    cuts = 0
    for at in range(1, 200):
        folder = tmp_path / f"cut{at}"
        if overwrite:
            steps["left"] = 0
            prepare(raw, FolderSink(folder), MadeBody, SHORT.with_values({"samples_per_shard": 3}))
        encoded.clear()
        steps["left"] = at
        try:
            prepare(raw, FolderSink(folder, overwrite), MadeBody, SHORT)
        except Cut:
            cuts += 1
        else:
            assert steps["left"] > 0, "a cut that was swallowed"
            break
        steps["left"] = 0
        done = files_of(folder) == wanted if folder.exists() else False
        if not done or overwrite:
            prepare(raw, FolderSink(folder, overwrite), MadeBody, SHORT)
        assert files_of(folder) == wanted
        assert done or len(encoded) <= in_all + 1, "at most the sequence under way is encoded twice"
        shutil.rmtree(folder)
    assert cuts > 20
    hidden = [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]
    assert not hidden, "nothing is left beside the datasets"


def test_another_plan_does_not_go_on_with_what_was_left(quick, tmp_path, monkeypatch):
    raw, encoded = quick
    monkeypatch.setattr(FolderSink, "publish", lambda self, manifest: (_ for _ in ()).throw(Cut()))
    for options in (SHORT, SHORT.with_values({"samples_per_shard": 3})):
        encoded.clear()
        with pytest.raises(Cut):
            prepare(raw, FolderSink(tmp_path / "set"), MadeBody, options)
        assert len(encoded) == 8
    encoded.clear()
    (raw / "train" / "00002" / "more.txt").write_text("its copy was not whole")
    with pytest.raises(Cut):
        prepare(raw, FolderSink(tmp_path / "set"), MadeBody, options)
    assert "train-00002" in encoded and len(encoded) < 8


def test_damaged_samples_are_told_and_made_again(quick, tmp_path, monkeypatch):
    raw, encoded = quick
    real = prepare_module.Flow.done

    def damage(flow, record):
        for path in (tmp_path / ".set.partial/.staging/parts").glob("train-00000.part"):
            path.write_bytes(path.read_bytes()[:-1] + b"x")
        real(flow, record)

    monkeypatch.setattr(prepare_module.Flow, "done", damage)
    with pytest.raises(UserError, match="samples of train-00000 .* damaged .*; the same command makes them again"):
        prepare(raw, FolderSink(tmp_path / "set"), MadeBody, SHORT)
    monkeypatch.setattr(prepare_module.Flow, "done", real)
    encoded.clear()
    prepare(raw, FolderSink(tmp_path / "set"), MadeBody, SHORT)
    assert "train-00000" in encoded
    prepare(raw, FolderSink(tmp_path / "calm"), MadeBody, SHORT)
    assert files_of(tmp_path / "set") == files_of(tmp_path / "calm")


def test_a_real_run_survives_kill_9_at_random_moments(tmp_path):
    from garment_uv.body import load_body
    from garment_uv.datasets.open.synthesize import synthesize

    raw, target = tmp_path / "raw", tmp_path / "set"
    synthesize(raw, 4, 2, seed=5)
    calm = prepare(raw, FolderSink(tmp_path / "calm"), load_body("anny"), OPTIONS)
    chance = random.Random(11)
    command = [sys.executable, "-m", "tests.garment_uv.samples.prepare_here", str(raw), str(target), "2"]
    staging = tmp_path / ".set.partial" / ".staging" / "parts"
    kills = 0
    while not target.exists() and kills < 2:
        known = len(list(staging.glob("*.json"))) if staging.exists() else 0
        process = subprocess.Popen(command, cwd=Path(__file__).parents[3], stderr=subprocess.DEVNULL)
        while process.poll() is None and not (staging.exists() and len(list(staging.glob("*.json"))) > known):
            time.sleep(0.02)
        time.sleep(chance.uniform(0, 0.5))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.wait()
    assert kills >= 1
    if not target.exists():
        subprocess.run(command, cwd=Path(__file__).parents[3], check=True)
    assert Manifest.load(target / "manifest.json") == calm
    assert files_of(target) == files_of(tmp_path / "calm")
