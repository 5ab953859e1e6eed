"""A hundred damaged files of each kind; `python -m tests.fuzz.run --minutes 60` takes an hour's worth."""

from tests.fuzz import run
from tests.fuzz.readings import READERS, REFUSED, RIGHT


def test_damaged_files_are_refused_or_read_as_another_reader_reads_them():
    found = run.fuzz(seed=0, cases=120)
    assert found.faults == {}
    for kind in READERS:
        of_kind = {outcome: times for (of, outcome), times in found.counts.items() if of == kind}
        assert sum(of_kind.values()) == 120
        assert of_kind[REFUSED] > 30 and of_kind[RIGHT] > 3, (kind, of_kind)


def test_a_hang_a_crash_and_a_wrong_value_are_faults(monkeypatch):
    def bad(kind, path):
        number = int(path.parent.joinpath("at").read_text()) if (path.parent / "at").exists() else 0
        raise ValueError(number)

    monkeypatch.setattr(run, "judge", bad)
    found = run.fuzz(seed=0, cases=1)
    assert len(found.faults) == len(READERS) and all("ValueError" in what for what in found.faults.values())
    monkeypatch.setattr(run, "judge", lambda kind, path: run.os._exit(7))
    assert set(run.fuzz(seed=0, cases=2).faults.values()) == {"ended its process (7)"}
    monkeypatch.setattr(run, "judge", lambda kind, path: str((path.parent.parent / "outside").write_text("x")))
    assert all("outside" in what for what in run.fuzz(seed=0, cases=1).faults.values())
    monkeypatch.setattr(run, "HANG_S", 0)
    monkeypatch.setattr(run, "judge", lambda kind, path: [0 for _ in iter(int, 1)])
    assert set(run.fuzz(seed=0, cases=1).faults.values()) == {"took over 0 s"}
    monkeypatch.setattr(run, "STALL_S", 0.5)
    monkeypatch.setattr(run, "judge", lambda kind, path: run.time.sleep(600))
    assert set(run.fuzz(seed=0, cases=1).faults.values()) == {"ended nothing in 0.5 s"}
