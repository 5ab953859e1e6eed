"""Progress where the output is no terminal: lines with the time left."""

from garment_sweeps.cli import output


def test_lines_tell_the_time_left_at_the_pace_of_this_run(monkeypatch):
    said, clock = [], {"now": 100.0}
    monkeypatch.setattr(output, "click_echo", said.append)
    monkeypatch.setattr(output.time, "monotonic", lambda: clock["now"])
    report = output._lines("prepare", "sequences")
    for done in (400, 500, 501, 502, 999, 1000):  # an earlier run had done 400
        report(done, 1000)
        clock["now"] += 40
    assert said == [
        "prepare: 400 of 1000 sequences",
        "prepare: 500 of 1000 sequences, 3 min left",
        "prepare: 502 of 1000 sequences, 10 min left",
        "prepare: 999 of 1000 sequences, 0 s left",
        "prepare: 1000 of 1000 sequences",
    ]


def test_how_long_is_said_in_fitting_units():
    assert [output._shown(s) for s in (3.4, 89, 100, 5000, 8000)] == ["3 s", "89 s", "2 min", "83 min", "2.2 h"]
