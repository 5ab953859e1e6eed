"""Population based training: who copies whom, with which values, and that nobody waits for ever."""

import pytest
from ray.tune.schedulers import PopulationBasedTraining

from garment_sweeps.experiment import Choice, Float, Integer, PbtConfig, Space
from garment_sweeps.search.schedulers import RecordedScheduler
from garment_sweeps.search.schedulers.population import mutation
from garment_sweeps.search.schedulers.rules import make_rule
from garment_uv.errors import UserError
from tests.garment_sweeps.search.schedulers.conftest import PATHS, make_experiment, values_of
from tests.garment_sweeps.search.schedulers.mini_tune import ListLog, MiniTune, Stuck, Sweep, curves

RATE, NORMAL, COLLAPSE = PATHS


def run(context, trials: int = 8, **more) -> tuple[MiniTune, ListLog]:
    names = curves(trials, more.pop("curves", 1))
    log = ListLog()
    tune = MiniTune(RecordedScheduler(make_experiment("pbt", trials), log), context=context)
    Sweep(names, values=values_of(names), **more).run(tune)
    assert {name for name, _ in tune.told} == set(names)
    return tune, log


def exploits(log: ListLog) -> list[dict]:
    return [{k: v for k, v in event.items() if k != "seq"} for event in log.events if event["kind"] == "exploit"]


def test_the_worst_quarter_goes_on_from_the_best_one_at_every_look(context):
    _, log = run(context)
    looks = [e for e in log.events if e["kind"] == "result" and "population_mm" in e["inputs"]]
    assert [look["epoch"] for look in looks] == [2, 4, 6, 8]
    for look in looks:
        ranked = sorted(look["inputs"]["population_mm"], key=look["inputs"]["population_mm"].get)
        assert set(look["inputs"]["best"]) == set(ranked[:2]) and set(look["inputs"]["worst"]) == set(ranked[-2:])
        assert set(look["exploits"]) == set(ranked[-2:])
        for entry in look["exploits"].values():
            assert entry["from"] in ranked[:2] and entry["epoch"] == entry["source_epoch"] == look["epoch"]
    waiting = [e["inputs"]["waiting_for"] for e in log.events if e["kind"] == "result" and "waiting_for" in e["inputs"]]
    assert sorted(set(waiting)) == list(range(1, 8))


def test_values_stay_inside_the_space_and_plain_and_only_those_named_change(context):
    tune, log = run(context, trials=12, curves=5)
    now = {name: dict(values) for name, values in values_of(curves(12, 5)).items()}
    for entry in exploits(log):
        source, values = now[entry["from"]], entry["values"]
        assert 1e-4 <= values[RATE] <= 1e-2 and type(values[RATE]) is float
        assert 0.0 <= values[NORMAL] <= 1.0 and type(values[NORMAL]) is float
        assert 1 <= values[COLLAPSE] <= 9 and type(values[COLLAPSE]) is int
        assert values["generator.residual_blocks"] == source["generator.residual_blocks"]
        now[entry["trial"]] = values
    for trial in tune.trials.values():
        assert trial.config["values"] == values_of([trial.name])[trial.name]  # what was suggested stays
        schedule = trial.config["trial"]["schedule"]
        assert (schedule[-1]["values"] if schedule else trial.config["values"]) == now[trial.name]


@pytest.mark.parametrize(("places", "seed"), [(1, 0), (2, 7), (5, 1), (8, 3)])
def test_who_copies_whom_does_not_depend_on_who_was_faster(context, places, seed):
    _, first = run(context, places=3)
    _, other = run(context, places=places, seed=seed)
    assert sorted(exploits(first), key=str) == sorted(exploits(other), key=str)


def test_where_the_last_one_waited_for_fails_the_others_go_on(context):
    names = curves(6, 1)
    fail_at = {"t00005": 2, "t00004": 4, "t00003": 6}
    for seed in range(6):
        run(context, trials=6, fail_at=fail_at, seed=seed, places=2)
    rule = make_rule(make_experiment("pbt"))
    bare = PopulationBasedTraining(
        "epoch", "s2s_mm", "min", 2, hyperparam_mutations=rule._hyperparam_mutations, log_config=False, synch=True
    )
    tune = MiniTune(bare, context=context)
    tune.search_alg = None
    with pytest.raises(Stuck):
        for seed in range(6):
            Sweep(names, values=values_of(names), upfront=True, fail_at=fail_at, seed=seed, places=2).run(tune)


def test_failures_are_not_copied_and_copy_nobody(context):
    _, log = run(context, trials=8, fail_at={"t00001": 1, "t00006": 3})
    later = [entry for entry in exploits(log) if entry["epoch"] > 3]
    assert later and not {"t00001", "t00006"} & {name for e in later for name in (e["from"], e["trial"])}


def test_an_exploited_trial_starts_only_when_that_is_written(context):
    from garment_sweeps.search.schedulers import Hooks

    written, told = [False], []
    names = curves(4, 1)
    hooks = Hooks(written=lambda: written[0], on_exploit=lambda name, schedule: told.append((name, len(schedule))))
    tune = MiniTune(RecordedScheduler(make_experiment("pbt", 4), ListLog(), hooks=hooks), context=context)
    for name in names:
        tune.add(name, values_of(names)[name])
        tune.start(name)
    tune.over = True
    for epoch in (0, 1):
        for name in names:
            tune.report(name, names[name][epoch])
    started = []
    while (name := tune.choose()) is not None:
        tune.start(name)
        started.append(name)
    changed = [name for name, _ in told]
    assert len(changed) == 1 and sorted([*started, *changed]) == list(names)
    written[0] = True
    assert tune.choose() == changed[0]


def test_what_cannot_change_in_mid_training_is_refused_with_what_can():
    shapes = Space(parameters=(Integer(path="generator.residual_blocks", low=1, high=9),))
    values = make_experiment("pbt").plain() | {
        "scheduler": PbtConfig(paths=("generator.residual_blocks",)).plain(),
        "space": shapes.plain(),
    }
    with pytest.raises(UserError, match=r"residual_blocks', which cannot change while a trial trains; loss\.\*"):
        type(make_experiment("pbt")).from_plain(values)


def test_every_kind_of_parameter_has_its_way_to_change():
    assert mutation(Choice(path="a", options=(1, 5))) == [1, 5]
    assert mutation(Float(path="a", low=1, high=4, log=True, levels=3)) == pytest.approx([1, 2, 4])
    draws = {
        "log": mutation(Float(path="a", low=1e-3, high=10, log=True)),
        "flat": mutation(Float(path="a", low=2, high=3)),
        "whole": mutation(Integer(path="a", low=2, high=4)),
        "logwhole": mutation(Integer(path="a", low=1, high=64, log=True)),
    }
    values = {name: [domain.sample(None) for _ in range(300)] for name, domain in draws.items()}
    assert 1e-3 <= min(values["log"]) < 1e-1 and 1 < max(values["log"]) <= 10
    assert 2 <= min(values["flat"]) and max(values["flat"]) <= 3
    assert set(values["whole"]) == {2, 3, 4}
    assert set(values["logwhole"]) <= set(range(1, 65)) and {1, 2} <= set(values["logwhole"])
