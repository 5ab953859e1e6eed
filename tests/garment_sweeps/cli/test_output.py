"""What commands show: progress in lines where the output is no terminal, and texts from outside as they are."""

import ast
from pathlib import Path

import pytest

import garment_sweeps
from garment_sweeps.cli import doctor, output
from garment_sweeps.comparison.leaderboard import Leaderboard
from garment_sweeps.comparison.rows import Row
from garment_sweeps.comparison.table import leaderboard_table
from garment_sweeps.promotion.evidence import Evidence
from garment_sweeps.promotion.gates import Gate
from garment_sweeps.promotion.promote import Promotion

ODD = "[/x] [red]7[/red] :cat:"
"""rich's markup would raise at its beginning, colour its middle and draw its end."""


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


def test_a_leaderboard_shows_names_and_values_as_they_are(capsys):
    row = Row(ODD, "complete", {"s2s/all": 9.0, "epoch": 6.0}, {"data.uri": ODD}, "run")
    output.show(leaderboard_table(Leaderboard(f"sweep {ODD}", (row,), (), ("data.uri",))))
    assert capsys.readouterr().out.count(ODD) >= 3  # title, trial, value


def test_a_gate_shows_its_words_as_they_are(capsys):
    candidate = type("Candidate", (), {"sweep": ODD, "trial": Row(ODD, "complete", {}, {})})()
    gates = (Gate(name=ODD, demand=ODD, found=ODD, passed=False),)
    output.show(Promotion(Evidence(candidate, gates, None)).table())
    assert capsys.readouterr().out.count(ODD) == 5


def test_doctor_shows_what_it_found_as_it_is(capsys, monkeypatch):
    found = [doctor.Check("store", True, ODD), doctor.Check("disk", False, ODD, ODD, needed=False)]
    monkeypatch.setattr(doctor, "all_checks", lambda: found)
    doctor.command.callback(warm=False)
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["ok", "store", *ODD.split()],
        ["--", "disk", *ODD.split() * 2],
    ]


def test_a_bar_shows_its_title_as_it_is(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    with output.progress_bar(ODD) as report:
        report(1, 2)
    assert ODD in capsys.readouterr().err


@pytest.mark.parametrize("name", ["Console", "TextColumn"])
def test_whatever_prints_by_rich_has_its_markup_off(name):
    """Every one that is made in the platform, by its keyword."""
    trees = [ast.parse(path.read_text()) for path in Path(garment_sweeps.__path__[0]).rglob("*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    made = [node for node in calls if isinstance(node.func, ast.Name) and node.func.id == name]
    assert made
    for call in made:
        assert any(word.arg == "markup" and word.value.value is False for word in call.keywords), ast.unparse(call)
