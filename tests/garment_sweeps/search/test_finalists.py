"""Who is trained again, and that a replay chooses the same."""

from optuna.trial import TrialState

from garment_sweeps.search.finalists import finalists_of
from garment_sweeps.search.replay import replay
from garment_sweeps.study.history import Record


def record(number: int, *values: float, state=TrialState.COMPLETE, **attrs) -> Record:
    return Record(number, {}, {}, state, values=values or None, attrs=attrs)


def test_the_best_complete_trials_that_keep_the_constraints_are_chosen():
    records = [
        record(0, 12.0),
        record(1, state=TrialState.PRUNED),
        record(2, 9.0, **{"garment.violations": {"memory_mib": 3.0}}),
        record(3, 11.0),
        record(4, 13.0),
    ]
    assert [r.number for r in finalists_of(records, 2)] == [3, 0]
    assert finalists_of(records, 0) == [] and finalists_of([], 3) == []


def test_with_several_objectives_the_front_comes_first():
    records = [record(0, 10.0, 5.0), record(1, 10.5, 6.0), record(2, 14.0, 1.0)]
    assert [r.number for r in finalists_of(records, 3)] == [0, 2, 1]


def test_a_replay_chooses_finalists_again(experiment):
    begin = {"kind": "begin", "experiment": experiment.plain(), "trials": 0, "known": [], "planned": [], "session": 0}
    choice = {"kind": "finalists", "finalists": [], "most": 2, "seeds": 3, "candidates": {}}
    events = [{"seq": seq, "at": 0.0, **event} for seq, event in enumerate([begin, choice])]
    assert replay(events).differences == ()
    (difference,) = replay([events[0], {**events[1], "finalists": ["t00003"]}]).differences
    assert difference.logged == ["t00003"] and difference.repeated == []
