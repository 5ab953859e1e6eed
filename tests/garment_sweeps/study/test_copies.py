"""Copies of the decision log: few, each event written a few times, and whole whatever is damaged last."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garment_sweeps.settings.environment import StorageConfig
from garment_sweeps.study import copies as module
from garment_sweeps.study.copies import StateCopies
from garment_sweeps.study.decisions import DecisionLog
from garment_sweeps.study.journal import DirectJournal


class Copying:
    """Copies of a log that grows, kept round after round, and the bytes that were written for them."""

    def __init__(self, folder, monkeypatch=None) -> None:
        self.storage = StorageConfig(uri=str(folder))
        self.log = DecisionLog("s", DirectJournal())
        self.copies = StateCopies(self.storage, "s")
        self.folder = folder / "s" / "state" / "000000"
        self.written = 0
        if monkeypatch is not None:
            write = module.write_whole

            def counted(filesystem, path: str, content: bytes) -> None:
                self.written += len(content)
                write(filesystem, path, content)

            monkeypatch.setattr(module, "write_whole", counted)
        self.copies.start(self.log, 0)

    def round(self, events: int) -> None:
        for _ in range(events):
            self.log.append("result", trial="t00000", epoch=1, value=30.0, decision="CONTINUE")
        self.copies.keep(self.log)

    def read(self) -> list[dict]:
        return StateCopies(self.storage, "s").newest()


def test_a_long_log_is_not_written_again_and_again(tmp_path, monkeypatch):
    copying = Copying(tmp_path, monkeypatch)
    for _ in range(512):
        copying.round(8)
    copying.copies.stop(copying.log, keep=True)
    assert copying.read() == copying.log.read()
    once = sum(file.stat().st_size for file in copying.folder.iterdir())
    assert copying.written < (1 + math.log2(512)) * once  # the whole log each time would be 256 times as much
    assert len(list(copying.folder.iterdir())) <= 2 * math.log2(512)


@given(rounds=st.lists(st.integers(0, 40), min_size=1, max_size=12))
def test_what_is_read_back_is_the_log_whatever_came_between_two_copies(rounds, tmp_path_factory):
    copying = Copying(tmp_path_factory.mktemp("copies"))
    for events in rounds:
        copying.round(events)
    copying.copies.stop(copying.log, keep=True)
    assert copying.read() == copying.log.read()


@pytest.mark.parametrize("torn", [b"", b"{", b"[]\n"])
def test_a_damaged_last_copy_costs_its_own_events_alone(tmp_path, torn):
    copying = Copying(tmp_path)
    copying.round(4)
    copying.round(4)  # merged with the first: both are there for one more round
    copying.copies.stop(copying.log, keep=True)
    newest = max(copying.folder.iterdir(), key=lambda path: path.name[-16:])
    newest.write_bytes(torn)
    assert copying.read() == copying.log.read()[:4]


def test_a_later_claim_has_the_word_once_it_has_copies(tmp_path):
    copying = Copying(tmp_path)
    copying.round(5)
    copying.copies.stop(copying.log, keep=True)
    (tmp_path / "s" / "state" / "000001").mkdir()
    assert len(copying.read()) == 5
    later = StateCopies(copying.storage, "s")
    log = DecisionLog("s", DirectJournal())
    log.append("begin", trials=3)
    later.start(log, 1)
    later.stop(log, keep=True)
    assert copying.read() == log.read()
