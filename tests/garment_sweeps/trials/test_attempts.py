"""Which of a trial's processes may write, and when it is given up."""

from garment_sweeps.ray.nodes import Place
from garment_sweeps.settings.environment import StorageConfig
from garment_sweeps.trials.checkpoints import TrialStore


def store(tmp_path, session=0) -> TrialStore:
    return TrialStore.open(StorageConfig(uri=str(tmp_path)), "sweep", "t00003", session)


def test_attempts_rise_over_sessions_and_the_latest_one_supersedes(tmp_path):
    first = store(tmp_path)
    one = first.start_attempt(0)
    assert not first.superseded(one)
    two = first.start_attempt(3)
    assert two > one
    assert first.superseded(one) and not first.superseded(two)
    later = store(tmp_path, session=1).start_attempt(3)
    assert later > two and first.superseded(two)
    zombie = first.start_attempt(3)  # a driver that was replaced starts the trial once more
    assert two < zombie < later and first.superseded(zombie)
    assert not store(tmp_path, session=1).superseded(later)


def test_two_processes_that_take_one_number_are_told_apart_and_one_of_them_wins(tmp_path, monkeypatch):
    one = store(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(TrialStore, "attempts", lambda attempts: [])  # neither sees the other
        pair = [one.start_attempt(2), one.start_attempt(2)]
    assert pair[0].number == pair[1].number and pair[0] != pair[1]
    assert sorted(one.attempts()) == sorted(pair)
    assert [one.superseded(attempt) for attempt in sorted(pair)] == [True, False]
    assert one.start_attempt(2).number == pair[0].number + 1


def test_a_crash_loop_is_three_starts_in_a_row_at_one_epoch(tmp_path):
    one = store(tmp_path)
    for epoch in (0, 4, 4):
        one.start_attempt(epoch)
    assert not one.crash_loop(4)
    one.start_attempt(4)
    assert one.crash_loop(4)
    assert not one.crash_loop(5)
    assert not store(tmp_path, session=1).crash_loop(4)  # a driver that died is no fault of the trial


def test_attempts_on_a_node_that_is_gone_or_that_were_ended_on_purpose_are_no_crashes(tmp_path):
    one = store(tmp_path)
    for node in ("a", "b", "a", "a", "c"):
        one.start_attempt(4, Place(node, "10.0.0.1"))
    assert one.crash_loop(4)
    assert not one.crash_loop(4, {"a"}.__contains__)
    one.start_attempt(4, Place("b"))
    assert one.crash_loop(4, {"a"}.__contains__)  # b, c and b again
    paused = one.start_attempt(4, Place("d"))
    one.end_attempt(paused, Place("d"))
    again = [one.start_attempt(4, Place("d")) for _ in range(2)]
    assert not one.crash_loop(4, {"a", "b", "c"}.__contains__)
    one.start_attempt(4, Place("d"))
    assert one.crash_loop(4, {"a", "b", "c"}.__contains__)
    assert again[0] in one.attempts() and paused in one.attempts()


def test_an_attempt_whose_file_is_torn_counts_as_a_crash(tmp_path):
    one = store(tmp_path)
    for _ in range(3):
        one.start_attempt(1, Place("a"))
    for path in (tmp_path / "sweep" / "t00003.attempts").iterdir():
        path.write_text('{"node":')
    assert one.crash_loop(1, {"a"}.__contains__)
