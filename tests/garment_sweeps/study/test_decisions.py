"""The decision log: in the database, in files, and damaged."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garment_sweeps.study.decisions import DecisionLog, read_file, read_log, store_log, write_file
from garment_sweeps.study.journal import DirectJournal, Journal
from garment_uv.errors import UserError

NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_a_driver_after_the_first_goes_on_counting(storage):
    first = Journal()
    log = DecisionLog("a", first, storage.engine)
    for number in range(1200):  # more than one transaction holds
        log.append("result", trial="t00000", epoch=number)
    first.close()
    again = DecisionLog("a", DirectJournal(), storage.engine)
    again.append("end", trial="t00000")
    events = read_log(storage.engine, "a")
    assert [event["seq"] for event in events] == list(range(1201))
    assert [event.get("epoch") for event in events[:1200]] == list(range(1200))
    assert events[-1]["kind"] == "end" and again.read() == events
    assert read_log(storage.engine, "b") == []


def test_a_lost_answer_is_told_from_another_writer(storage):
    log = DecisionLog("a", DirectJournal(), storage.engine)
    log.append("begin", trials=3)
    mine = log.read()[0]
    body = json.dumps({"kind": "begin", "trials": 3}, separators=(",", ":"))
    log._waiting = [{"sweep": "a", "seq": 0, "at": mine["at"], "body": body}]  # written, and the answer got lost
    log._write()
    assert log._waiting == [] and log.stored() == [mine]
    other = DecisionLog("a", DirectJournal(), storage.engine)
    other.append("suggest", trial="t00000")
    with pytest.raises(UserError, match="something else writes to the decision log of sweep 'a': its event 1"):
        log.append("suggest", trial="t00009")
    assert [event.get("trial") for event in read_log(storage.engine, "a")] == [None, "t00000"]


def test_a_log_from_elsewhere_keeps_its_times(storage):
    events = [{"seq": 0, "at": 1.25, "kind": "begin"}, {"seq": 1, "at": 2.5, "kind": "suggest", "trial": "t00000"}]
    for _ in range(2):
        store_log(storage.engine, "a", events, guard=lambda connection: None)
    assert read_log(storage.engine, "a") == events


@given(bodies=st.lists(st.dictionaries(st.text(min_size=1).filter(lambda k: k not in ("seq", "at", "kind")), JSON)))
@settings(max_examples=60)
def test_a_file_gives_back_what_was_written(bodies, tmp_path_factory):
    events = [{"seq": seq, "at": 1.5 * seq, "kind": "x", **body} for seq, body in enumerate(bodies)]
    path = tmp_path_factory.mktemp("log") / "log.jsonl"
    write_file(events, path)
    assert read_file(path) == events


@given(cut=st.integers(1, 400), flip=st.integers(0, 255))
@settings(max_examples=80)
def test_a_damaged_file_is_refused_with_its_line_or_reads_as_its_beginning(cut, flip, tmp_path_factory):
    events = [{"seq": seq, "at": 0.0, "kind": "result", "epoch": seq} for seq in range(9)]
    path = tmp_path_factory.mktemp("log") / "log.jsonl"
    write_file(events, path)
    content = bytearray(path.read_bytes())
    place = cut % len(content)
    content[place] = flip
    path.write_bytes(content[: place + 1])
    try:
        read = read_file(path)
    except UserError as error:
        assert "line" in str(error) or "cannot be read" in str(error)
        assert "\n" not in str(error)
    else:
        assert [event["seq"] for event in read] == list(range(len(read)))


def test_a_missing_file_is_said():
    with pytest.raises(UserError, match="cannot be read as a decision log"):
        read_file(__import__("pathlib").Path("/nothing/here.jsonl"))


def test_values_that_are_no_json_never_enter(storage):
    log = DecisionLog("a", DirectJournal(), storage.engine)
    with pytest.raises(ValueError, match="JSON compliant"):
        log.append("result", value=float("nan"))
    assert json.loads("[]") == read_log(storage.engine, "a")
