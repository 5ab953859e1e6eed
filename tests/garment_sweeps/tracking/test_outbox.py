"""Undelivered records in the sweep's storage: whole or not at all, in a folder and in S3."""

import pytest

from garment_sweeps.settings.environment import StorageConfig
from garment_sweeps.tracking.outbox import Outbox, trial_of_record
from garment_sweeps.tracking.record import RECORD_FILE, Ending, Start, TrialKey, TrialRecord, identity_of, now_ms
from garment_uv.training.trial import TrialConfig


def record(tmp_path, trial: str = "t00003.r1", attempt: int = 10_002) -> TrialRecord:
    made = TrialRecord(identity_of(TrialKey("s", "1", "parent", trial), TrialConfig(), {"n": 3}), Start(number=attempt))
    made.add_epoch(1, {"s2s/all": 20.5, "loss/uv": float("inf")})
    made.add_epoch(2, {"s2s/all": 1 / 3})
    made.ending = Ending(outcome="complete", at_ms=now_ms(), metrics={"costs/parameters": 5.0}, tags={"a": "b"})
    for name, files in {"model": ["m.json"], "gallery": ["index.html", "meshes/a.glb"]}.items():
        for file in files:
            path = tmp_path / "made" / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file)
        made.folders[name] = tmp_path / "made" / name
    return made


def check_round(outbox: Outbox, made: TrialRecord) -> None:
    assert outbox.names() == []
    outbox.put(made)
    (name,) = outbox.names()
    assert name == "t00003.r1.00010002" and trial_of_record(name) == "t00003.r1"
    with outbox.fetched(name) as (found, _):
        assert (found.identity, found.start, found.epochs, found.ending) == (
            *(made.identity, made.start, made.epochs),
            made.ending,
        )
        assert found.epochs[0].metrics == {"s2s/all": 20.5, "epoch": 1.0}
        assert (found.folders["gallery"] / "meshes" / "a.glb").read_text() == "meshes/a.glb"
        assert sorted(found.folders) == ["gallery", "model"]
    outbox.remove(name)
    assert outbox.names() == []


def test_a_record_comes_back_as_it_was(tmp_path):
    check_round(Outbox.of(StorageConfig(uri=str(tmp_path / "store")), "s"), record(tmp_path))


@pytest.mark.servers
def test_the_same_in_s3(s3_storage, tmp_path):
    check_round(Outbox.of(s3_storage, "outboxed"), record(tmp_path))


@pytest.mark.parametrize("keep", [0, 100, -10])
def test_a_torn_record_counts_as_none(tmp_path, keep):
    outbox = Outbox.of(StorageConfig(uri=str(tmp_path / "store")), "s")
    outbox.put(record(tmp_path))
    file = tmp_path / "store" / "s" / "outbox" / outbox.names()[0] / RECORD_FILE
    file.write_text(file.read_text()[:keep])
    with outbox.fetched(outbox.names()[0]) as (found, _):
        assert found is None
