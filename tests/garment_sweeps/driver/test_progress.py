"""Progress lines: how a trial ended, and what is still to come."""

import io
import pickle
from types import SimpleNamespace

import pytest
from rich.console import Console

from garment_sweeps.driver import progress
from garment_sweeps.driver.progress import SweepProgress


def ended(name: str, **result) -> SimpleNamespace:
    return SimpleNamespace(config={"trial": {"id": name}}, last_result=result)


def test_a_line_for_every_trial_with_the_forecast():
    out = io.StringIO()
    with SweepProgress(3, 0, 6, lambda: "about 2 h left", console=Console(file=out, width=60)) as shown:
        shown.on_trial_result(1, [], ended("t00000"), {"epoch": 1})  # no bar, no line
        shown.on_trial_complete(1, [], ended("t00000", epoch=6, s2s_mm=12.345))
        shown.on_trial_complete(2, [], ended("t00001", epoch=2, s2s_mm=20.0))
        shown.on_trial_error(3, [], ended("t00002", epoch=2, infeasible=True, reason="diverged at learning rate 0.9"))
    assert out.getvalue().splitlines() == [
        "t00000  epoch 6 of 6  12.35 mm  about 2 h left",
        "t00001  epoch 2 of 6  20.00 mm  stopped  about 2 h left",
        "t00002  infeasible: diverged at learning rate 0.9  about 2 h left",
    ]


@pytest.mark.parametrize("terminal", [False, True], ids=["file", "terminal"])
def test_what_looks_like_rich_markup_is_said_as_it_is(terminal):
    """A reason is an exception's text and may hold anything: of `[/x]`, read as markup, rich raises inside Tune."""
    console = Console(file=io.StringIO(), force_terminal=terminal, width=200, no_color=True)
    with SweepProgress(2, 0, 6, lambda: "[/left] :cat:", "[/title]", console) as shown:
        shown.on_trial_result(1, [], ended("t00000"), {"epoch": 1})
        shown.on_trial_error(2, [], ended("t00000", failed=True, reason="no [/x] in\n [bold]shape[3][/bold] :dog:"))
    said = console.file.getvalue()
    assert "t00000  failed: no [/x] in [bold]shape[3][/bold] :dog:  [/left] :cat:" in said
    assert ("[/title]" in said) == terminal


def test_the_bar_says_it_too_and_asks_no_more_than_once_a_second(monkeypatch):
    now, asked = [100.0], []
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    shown = SweepProgress(1000, 0, 6, lambda: asked.append(now[0]) or "soon", "finals", console)
    with shown:
        for _ in range(500):
            now[0] += 0.01
            shown.on_trial_result(1, [], ended("t00000"), {"epoch": 1})
    assert 4 <= len(asked) <= 6
    assert "finals" in console.file.getvalue() and "soon" in console.file.getvalue()
    assert len(pickle.dumps(shown)) < 200
