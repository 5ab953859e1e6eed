"""Several datasets of the same sequences: each as if it were made alone, every sequence read once."""

import os
import random

import pytest

from garment_uv.datasets.raw import FolderRaw
from garment_uv.samples.prepare import Order, prepare, prepare_together
from garment_uv.samples.sets import made as made_module
from garment_uv.samples.sets.made import prepare_sizes
from garment_uv.samples.sink import FolderSink
from tests.garment_uv.samples.test_cut_off import SHORT, Cut, MadeBody, files_of, quick

__all__ = ["quick"]
OTHER = SHORT.with_values({"samples_per_shard": 3})


def orders(folder):
    return [Order(FolderSink(folder / "one"), SHORT), Order(FolderSink(folder / "two"), OTHER)]


@pytest.fixture
def alone(quick, tmp_path):
    """The files of each, made by itself."""
    raw, encoded = quick
    for name, options in (("one", SHORT), ("two", OTHER)):
        prepare(raw, FolderSink(tmp_path / "alone" / name), MadeBody, options)
    encoded.clear()
    return files_of(tmp_path / "alone")


def test_each_is_as_if_made_alone_and_every_sequence_is_read_once(quick, alone, tmp_path):
    raw, encoded = quick
    told = []
    made = prepare_together(raw, orders(tmp_path / "set"), MadeBody, progress=lambda *at: told.append(at))
    assert files_of(tmp_path / "set") == alone and len(made) == 2
    assert len(encoded) == len(set(encoded)) == 8 and told == [(done, 8) for done in range(1, 9)]


def test_cut_off_anywhere_they_go_on(quick, alone, tmp_path, monkeypatch):
    raw, encoded = quick
    monkeypatch.setattr(made_module, "load_body", lambda name: MadeBody)

    def make(out):
        prepare_sizes(FolderRaw(raw), out, {"one": SHORT, "two": OTHER}, 1, lambda done, total: None)

    chance, steps = random.Random(3), {"left": 0}

    def counted(call):
        def step(*args, **kwargs):
            steps["left"] -= 1
            if steps["left"] == 0:
                raise Cut
            return call(*args, **kwargs)

        return step

    for name in ("replace", "rename", "unlink"):
        monkeypatch.setattr(os, name, counted(getattr(os, name)))
    for at in range(6):
        encoded.clear()
        cuts = 0
        while cuts < 4:
            steps["left"] = chance.randint(1, 60)
            try:
                make(tmp_path / f"{at}")
            except Cut:
                cuts += 1
            else:
                break
        steps["left"] = 0
        make(tmp_path / f"{at}")
        assert files_of(tmp_path / f"{at}") == alone
        assert len(encoded) <= 8 + cuts, "at most the sequence under way is read twice"
