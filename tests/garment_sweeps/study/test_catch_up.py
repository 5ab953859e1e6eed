"""A study that is made again from the log holds what the lost one held, and asks what that would have asked."""

import json

import optuna
import pytest
from optuna.trial import TrialState

from garment_sweeps.experiment import Choice, ConstraintConfig, Experiment, Float, Integer, Space
from garment_sweeps.search.finalists import finalists_of
from garment_sweeps.search.sampler import SAMPLERS
from garment_sweeps.search.suggester import Suggester
from garment_sweeps.study.catch_up import catch_up, study_from_log
from garment_sweeps.study.decisions import DecisionLog
from garment_sweeps.study.history import History
from garment_sweeps.study.journal import DirectJournal
from garment_sweeps.study.spec import HeadStart
from garment_sweeps.study.study import open_storage
from garment_uv.classes import GARMENT_CLASSES
from tests.garment_sweeps.studies import make_experiment, make_searcher
from tests.garment_sweeps.study.held import held

optuna.logging.set_verbosity(optuna.logging.ERROR)
RATE, MODE, DEPTH = "training.optimiser.generator_lr", "generator.local.mode", "generator.local.depth"
EPOCHS = 6
NUMBERS = Space(
    parameters=(
        Float(path=RATE, low=1e-4, high=1e-2, log=True),
        Float(path="loss.adversarial", low=1e-4, high=1.0, log=True),
        Integer(path="training.collapse_epochs", low=1, high=900, log=True),
    )
)
LEVELS = Space(
    parameters=(
        Choice(path=MODE, options=("per_class", "none", "shared")),
        Integer(path=DEPTH, low=1, high=4),  # means nothing without local branches: some configs are the same
        Choice(path="generator.local.groups", options=((GARMENT_CLASSES,),)),
        Float(path="loss.normal", low=0.03, high=0.3, levels=3),
        Float(path="loss.edge", low=0.1, high=10.0, levels=2, log=True, when={MODE: ("shared",)}),
    )
)
CONSTRAINT = ConstraintConfig(metric="memory_mib", at_most=100.0)
SEARCHES = [(name, "numbers") for name in SAMPLERS if name != "grid"] + [(name, "levels") for name in SAMPLERS]


def experiment_of(sampler: str, space: str, **changes) -> Experiment:
    more = {"constraints": (CONSTRAINT,)} if sampler == "tpe_constrained" else {}
    chosen = {"sampler": sampler, "space": NUMBERS if space == "numbers" else LEVELS, "startup_trials": 4}
    return make_experiment(**chosen, scheduler=None, **more, **changes)


def ending(number: int, error_mm: float) -> dict | None:
    """How a trial of this number ends: in each way there is, most of them complete; None where it runs on."""
    result = {"epoch": EPOCHS, "s2s_mm": error_mm, "device_seconds": 12.5 + number, "attempt": 1}
    result["costs"] = {"memory_mib": 40.0 + 20.0 * (number % 6), "parameters": 1000.0 + number}
    other = {
        3: {"epoch": 2, "s2s_mm": error_mm + 9, "device_seconds": 3.0},
        5: {"epoch": 1, "infeasible": True, "reason": "collapsed", "device_seconds": 1.0},
        7: {"epoch": 0, "failed": True, "reason": "shard is gone"},
        9: {"epoch": EPOCHS, "device_seconds": 2.0},
        11: None,
        13: {**result, "earlier": [[1, 40.0], [2, 35.0], [3, float("nan")]]},
    }
    return other.get(number, result)


def drive(searcher, trials: int, cut_short: set[str]) -> None:
    """Trials one after the other that report an epoch and end in many ways; the results are in the log too."""
    for number in range(trials):
        given = searcher.suggest(f"s{number}")
        if not isinstance(given, dict):
            return
        number = given["trial"]["number"]
        error_mm = 20.0 + 5.0 * ((number * 7) % 11) / 11
        result = {"epoch": 1, "s2s_mm": error_mm + 10}
        told = {"trial": given["trial"]["id"], "epoch": 1, "value": result["s2s_mm"], "decision": "CONTINUE"}
        searcher.log.append("result", **told)
        searcher.on_trial_result(f"s{number}", result)
        if number == 12:
            cut_short.add(f"s{number}")
            searcher.on_trial_complete(f"s{number}", {"epoch": 2, "s2s_mm": error_mm + 5})
        elif number == 8:
            searcher.on_trial_complete(f"s{number}", error=True)
            searcher._failures.clear()
        elif (last := ending(number, error_mm)) is not None:
            searcher.on_trial_complete(f"s{number}", last)
            searcher._failures.clear()


def begun(study: optuna.Study, experiment: Experiment, start: HeadStart, cut_short: set[str]):
    """A searcher over a study, whose log has begun."""
    searcher = make_searcher(study, experiment, 99, interrupted=lambda name: name in cut_short, start=start)
    known = {"known": list(start.known), "planned": list(start.planned)}
    searcher.log.append("begin", session=0, experiment=experiment.plain(), trials=99, **known)
    return searcher


def read_back(searcher) -> list[dict]:
    """The log as it comes back from a file."""
    return json.loads(json.dumps(searcher.log.read(), allow_nan=False))


def start_of(experiment: Experiment, space: str) -> HeadStart:
    """Two trials of an earlier sweep, one of them over the limit, and a config to try first."""
    if space != "numbers":
        return HeadStart((), ())
    rest = {"loss.adversarial": 0.1, "training.collapse_epochs": 5}
    known = [{"values": {RATE: rate, **rest}, "results": [21.0], "from": "old"} for rate in (1e-3, 2e-3)]
    if experiment.constraints:
        known = [{**entry, "violations": {"memory_mib": excess}} for entry, excess in zip(known, (-1, 9), strict=True)]
    return HeadStart(tuple(known), ({RATE: 3e-3, "loss.adversarial": 0.2, "training.collapse_epochs": 7},))


@pytest.mark.parametrize(("sampler", "space"), SEARCHES)
def test_a_restored_study_equals_the_lost_one_and_goes_on_as_that_would_have(sampler, space, tmp_path):
    experiment = experiment_of(sampler, space)
    real = sampler == "cmaes" and space == "numbers"  # one of them in the database that sweeps have; it is slower
    lost = optuna.create_study(storage=f"sqlite:///{tmp_path}/lost.db" if real else None)
    cut_short, start = set(), start_of(experiment, space)
    searcher = begun(lost, experiment, start, cut_short)
    drive(searcher, 22, cut_short)
    events = read_back(searcher)
    if space == "levels":
        assert any(event.get("passed_over") for event in events), "no config was suggested twice"
    storage = open_storage(f"sqlite:///{tmp_path}/found.db") if real else optuna.storages.InMemoryStorage()
    found = study_from_log(storage, "one", events)
    assert held(found) == held(lost)
    states = {trial.state for trial in found.trials}
    assert states == {TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL, TrialState.RUNNING}

    history = History(found, DirectJournal())
    assert [r.name for r in finalists_of(history.records, 3)] == [
        r.name for r in finalists_of(searcher.history.records, 3)
    ]
    again = Suggester(experiment, history, start)
    for number in range(6):
        one, other = searcher._suggester.next(), again.next()
        assert (one is None) == (other is None)
        if one is None:
            break
        assert other.values == one.values and other.record.system_attrs == one.record.system_attrs
        for suggester, suggested, past in ((searcher._suggester, one, searcher.history), (again, other, history)):
            past.end(suggested.record.number, TrialState.COMPLETE, (20.0 + number,))
            suggester.ended(suggested.record)


def test_the_state_of_cma_es_is_among_what_is_restored(tmp_path):
    experiment = experiment_of("cmaes", "numbers")
    searcher = begun(optuna.create_study(), experiment, HeadStart((), ()), set())
    drive(searcher, 22, set())
    found = study_from_log(optuna.storages.InMemoryStorage(), "one", read_back(searcher))
    assert sum(any(name.startswith("cma:optimizer") for name in t.system_attrs) for t in found.trials) >= 1


def test_finalists_that_break_a_constraint_stay_out_after_a_restore():
    experiment = experiment_of("tpe_constrained", "numbers")
    searcher = begun(optuna.create_study(), experiment, HeadStart((), ()), set())
    drive(searcher, 22, set())
    found = study_from_log(optuna.storages.InMemoryStorage(), "one", read_back(searcher))
    over = {t.number for t in found.trials if (t.user_attrs.get("garment.violations") or {}).get("memory_mib", 0) > 0}
    records = History(found, DirectJournal()).records
    chosen = {record.number for record in finalists_of(records, 99)}
    assert over and chosen and not over & chosen
    assert all(found.trials[n].user_attrs["garment.violations"] == {"memory_mib": 20.0 * (n % 6) - 60.0} for n in over)


def test_several_objectives_are_restored_with_their_costs():
    experiment = experiment_of("tpe_multivariate", "numbers", also_minimise=("parameters",))
    lost = optuna.create_study(directions=["minimize"] * 2)
    searcher = begun(lost, experiment, HeadStart((), ()), set())
    drive(searcher, 16, set())
    found = study_from_log(optuna.storages.InMemoryStorage(), "one", read_back(searcher))
    assert held(found) == held(lost)
    assert found.trials[6].values[1] == 1006.0


def test_a_study_that_lacks_the_last_trials_of_its_log_is_told_of_them_and_of_all_that_followed():
    experiment = experiment_of("cmaes", "numbers")
    lost, cut_short = optuna.create_study(), set()
    searcher = begun(lost, experiment, HeadStart((), ()), cut_short)
    drive(searcher, 14, cut_short)
    events = read_back(searcher)
    for kept in (1, 9, 20, 31, len(events)):
        behind = study_from_log(optuna.storages.InMemoryStorage(), "one", events[:kept])
        log = DecisionLog("one", DirectJournal())
        for event in events:
            log.append(event["kind"], **{k: v for k, v in event.items() if k not in ("seq", "at", "kind")})
        catch_up(History(behind, DirectJournal()), log, experiment)
        assert held(behind) == held(lost)
        assert len(log.read()) == len(events)  # nothing was decided anew


def test_logs_of_before_that_have_values_alone_are_restored_as_far_as_they_go():
    experiment = experiment_of("random", "levels")
    lost, cut_short = optuna.create_study(), set()
    searcher = begun(lost, experiment, HeadStart((), ()), cut_short)
    drive(searcher, 14, cut_short)
    new = ("params", "system_attrs", "passed_over")
    old = [{name: value for name, value in event.items() if name not in new} for event in read_back(searcher)]
    for event in old:
        if event["kind"] == "suggest" and event["values"].get("loss.normal") == 0.3:
            event["values"]["loss.normal"] = 0.30000000000000004  # the last level, as it was
    found = study_from_log(optuna.storages.InMemoryStorage(), "one", old)
    without = held(lost)
    for trial in without:
        trial["attrs"].pop("garment.passed_over", None)
    assert held(found) == without
