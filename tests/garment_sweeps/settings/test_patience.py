"""A server that is away for a moment."""

import pytest

from garment_sweeps.settings import patience
from garment_sweeps.settings.patience import patiently
from garment_uv.errors import Unreachable, UserError


def away(times: int, calls: list, error: type[Exception] = Unreachable):
    def call() -> str:
        calls.append(1)
        if len(calls) <= times:
            raise error("the server does not answer")
        return "answer"

    return call


def test_a_sweep_that_goes_on_waits_and_says_so_once(capsys):
    calls = []
    assert patiently(away(2, calls), goes_on=True) == "answer"
    assert len(calls) == 3
    assert capsys.readouterr().err.count("waiting for it") == 1


def test_a_sweep_that_begins_is_told_at_once():
    calls = []
    with pytest.raises(Unreachable):
        patiently(away(2, calls), goes_on=False)
    assert len(calls) == 1


def test_what_waiting_does_not_mend_is_not_waited_for():
    calls = []
    with pytest.raises(UserError):
        patiently(away(2, calls, UserError), goes_on=True)
    assert len(calls) == 1


def test_patience_ends(monkeypatch):
    monkeypatch.setattr(patience, "PATIENCE_S", 0.2)
    with pytest.raises(Unreachable):
        patiently(away(99, []), goes_on=True)
