"""Finals: who is chosen, what is repeated, and that nothing of it is lost or done twice. Without Ray."""

import json

import optuna
import pytest
from optuna.trial import TrialState
from ray.tune.search import Searcher

from garment_sweeps.budget.ledger import spent_seconds
from garment_sweeps.driver.open_sweep import OpenSweep, open_budget
from garment_sweeps.driver.report import report_lines, sweep_report
from garment_sweeps.driver.search_and_finals import log_finalists, search_is_over
from garment_sweeps.experiment import Budget, FinalsConfig, PbtConfig
from garment_sweeps.search.finalists import finalists_of, repeats_left, repeats_of
from garment_sweeps.search.repeat_searcher import RepeatSearcher
from garment_sweeps.search.searcher import Limits
from garment_sweeps.study.repeats import Repeats
from garment_sweeps.study.spec import SweepRequest
from garment_sweeps.study.state import log_file, sweep_state
from tests.garment_sweeps.study.held import held


@pytest.fixture
def finals(experiment):
    return experiment.model_copy(update={"finals": FinalsConfig(finalists=2, seeds=3)})


def searched(state, experiment, values=(12.0, 11.0, None, 13.0)):
    """A search that has ended, with these values; None for a stopped trial."""
    for number, value in enumerate(values):
        params = {"loss.adversarial": 0.01 * (number + 1), "training.optimiser.generator_lr": 1e-3}
        encoded = experiment.space.encode(params, experiment.base.flat())
        asked = optuna.trial.FixedTrial(encoded)
        experiment.space.suggest(asked, experiment.base.flat())
        new = state.history.start(encoded, asked.distributions)
        state.log.append("suggest", trial=new.name, values=params, inputs={})
        told = (TrialState.PRUNED, None) if value is None else (TrialState.COMPLETE, (value,))
        state.history.end(number, *told)
        result = {"attempt": 1, "attempt_seconds": 60.0}
        state.log.append("end", trial=new.name, state=told[0].name, values=told[1], result=result)


def searcher_of(state, places=0):
    known = Repeats(state)
    limits = Limits.of(open_budget(state, known), places)
    return RepeatSearcher(repeats_left(state, known), known, state, limits), known


def finish(searcher, tune_id: str, value: float, attempt: int = 1) -> None:
    seconds = {"attempt": attempt, "attempt_seconds": 30.0}
    searcher.on_trial_result(tune_id, {"epoch": 5, "s2s_mm": value + 1, **seconds})
    searcher.on_trial_complete(tune_id, {"epoch": 6, "s2s_mm": value, **seconds})


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """A busy machine's database may take its time: that is not what is tested here."""
    monkeypatch.setattr("garment_sweeps.search.searcher.PATIENCE_S", 60.0)


def test_repeats_have_the_finalists_values_and_seeds_of_their_own(finals, settings):
    with sweep_state(settings, SweepRequest(finals, 4, name="table")) as state:
        searched(state, finals)
        repeats = repeats_of(finals, finalists_of(state.history.records, 2))
    assert [repeat.name for repeat in repeats] == ["t00001.r1", "t00000.r1", "t00001.r2", "t00000.r2"]
    assert [repeat.seed for repeat in repeats] == [1, 1, 2, 2]
    assert repeats[0].values == {"loss.adversarial": 0.02, "training.optimiser.generator_lr": 1e-3, "seed": 1}
    assert repeats[0].trial() == {"id": "t00001.r1", "number": 1, "repeat_of": "t00001", "seed": 1}
    assert finals.base.with_values(repeats[0].values).seed == 1


def test_a_population_is_not_repeated(finals, settings):
    changing = PbtConfig(paths=("loss.adversarial",))
    population = finals.model_copy(update={"scheduler": changing, "sampler": "random"})
    with sweep_state(settings, SweepRequest(population, 4, name="table")) as state:
        searched(state, population)
        assert repeats_left(state, Repeats(state)) == []


def test_repeats_are_given_out_once_recorded_and_reported(finals, settings):
    with sweep_state(settings, SweepRequest(finals, 4, name="table")) as state:
        searched(state, finals)
        log_finalists(state)
        log_finalists(state)
        searcher, known = searcher_of(state, places=2)
        first, second = searcher.suggest("a"), searcher.suggest("b")
        assert first["trial"]["id"] == "t00001.r1" and second["trial"]["repeat_of"] == "t00000"
        assert searcher.suggest("c") is None  # two places
        for tune_id, value in zip("abcd", (11.2, 12.4, 11.4, 12.2), strict=True):
            if tune_id in "cd":
                assert searcher.suggest(tune_id)
            finish(searcher, tune_id, value)
        assert searcher.suggest("e") == Searcher.FINISHED
        assert known.values("t00001") == [11.2, 11.4]
        report = sweep_report(OpenSweep(settings, state))
        assert report.repeats == 4 and report.repeats_left == 0 and report.complete == 3
        assert report.best_trial == "t00001" and report.best_mm == pytest.approx(11.2) and report.best_seeds == 3
        assert report.alike == () and report.best_half_width_mm > 0
        assert any("± " in line and "3 seeds" in line for line in report_lines(report))
        # four trials of a minute and four repeats of half one
        assert report.gpu_hours == pytest.approx(6 / 60)
        assert report.cost.gpu_hours == pytest.approx(4 / 60)
    events = [json.loads(line) for line in log_file(settings.home, "table").read_text().splitlines()]
    (choice,) = [event for event in events if event["kind"] == "finalists"]
    assert choice["finalists"] == ["t00001", "t00000"]
    assert choice["candidates"] == {"t00000": [12.0], "t00001": [11.0], "t00003": [13.0]}
    assert sum(event.get("what") == "begin" for event in events) == 4


def test_a_later_session_repeats_nothing_and_goes_on_with_what_was_running(finals, settings):
    with sweep_state(settings, SweepRequest(finals, 4, name="table")) as state:
        searched(state, finals)
        searcher, _ = searcher_of(state)
        for tune_id in "abc":
            searcher.suggest(tune_id)
        finish(searcher, "a", 11.2)
        told = {"epoch": 3, "s2s_mm": 20.0, "earlier": [[2, 25.0]], "attempt": 1, "attempt_seconds": 9.0}
        searcher.on_trial_result("b", told)
        # the driver dies here: b and c are running
    with sweep_state(settings, SweepRequest(finals, 4, name="table", resume=True)) as state:
        assert search_is_over(state, open_budget(state, Repeats(state)))
        searcher, known = searcher_of(state)
        given = [searcher.suggest(tune_id)["trial"]["id"] for tune_id in "xyz"]
        assert given == ["t00000.r1", "t00001.r2", "t00000.r2"]
        assert searcher.suggest("!") == Searcher.FINISHED
        assert known.record("t00000.r1").curve == {2: 25.0, 3: 20.0}
        assert spent_seconds(state.log.read())["t00000.r1"] == 9.0
        for tune_id in "xyz":
            finish(searcher, tune_id, 12.0, attempt=10_001)
    with sweep_state(settings, SweepRequest(finals, 4, name="table", resume=True)) as state:
        assert repeats_left(state, Repeats(state)) == []
    more = finals.model_copy(update={"finals": FinalsConfig(finalists=3, seeds=3)})
    with sweep_state(settings, SweepRequest(more, 4, name="table", resume=True)) as state:
        assert [r.name for r in repeats_left(state, Repeats(state))] == ["t00003.r1", "t00003.r2"]


def test_repeats_whose_study_is_lost_are_known_from_the_log(finals, settings):
    with sweep_state(settings, SweepRequest(finals, 4, name="table")) as state:
        searched(state, finals)
        searcher, _ = searcher_of(state)
        searcher.suggest("a")
        finish(searcher, "a", 11.2)
        searcher.suggest("b")
    with sweep_state(settings, SweepRequest(finals, 4, name="table", resume=True)) as state:
        assert state.journal.written(60.0)
        optuna.delete_study(study_name="table#finals", storage=state.study._storage)
        known = Repeats(state)
        assert known.values("t00001") == [11.2]
        assert known.record("t00001.r1").curve == {5: 12.2, 6: 11.2}
        assert known.record("t00000.r1").state == TrialState.RUNNING


def test_the_restored_study_of_the_repeats_equals_the_lost_one(finals, settings):
    kept = finals.with_values({"constraints": [{"metric": "memory_mib", "at_most": 9.0}], "sampler": "tpe_constrained"})
    with sweep_state(settings, SweepRequest(kept, 4, name="table")) as state:
        searched(state, kept)
        searcher, known = searcher_of(state)
        for tune_id in "abc":
            searcher.suggest(tune_id)
        early = {"epoch": 3, "s2s_mm": 20.0, "earlier": [[1, 40.0], [2, float("nan")]]}
        searcher.on_trial_result("a", early)
        searcher.on_trial_complete("a", {"epoch": 6, "s2s_mm": 11.2, "costs": {"memory_mib": 12.5}})
        searcher.on_trial_complete("b", {"epoch": 2, "infeasible": True, "reason": "diverged"})
        searcher.on_trial_complete("c")  # cut short
        searcher.suggest("d")
        assert state.journal.written(60.0)
        storage = state.study._storage
        before = held(optuna.load_study(study_name="table#finals", storage=storage))
        assert before[0]["attrs"]["garment.violations"] == {"memory_mib": 3.5}
        assert [trial["attrs"].get("garment.interrupted") for trial in before] == [None, None, True, None]
        optuna.delete_study(study_name="table#finals", storage=storage)
        Repeats(state)
        assert state.journal.written(60.0)
        assert held(optuna.load_study(study_name="table#finals", storage=storage)) == before


def test_the_budget_ends_repeats_too_and_they_are_resumed(finals, settings):
    limit = Budget(gpu_hours=300 / 3600)
    with sweep_state(settings, SweepRequest(finals, 4, limit, name="table")) as state:
        searched(state, finals)
        # 240 s are spent on 4 trials; 24 epochs would be 10 s each
        known = Repeats(state)
        stop = open_budget(state, known)
        stop.begin_finals()
        searcher = RepeatSearcher(repeats_left(state, known), known, state, Limits.of(stop, 0))
        searcher.suggest("a")
        report = {"epoch": 1, "s2s_mm": 30.0, "attempt": 1, "attempt_seconds": 40.0}
        assert stop("a", {**report, "config": {"trial": {"id": "t00001.r1"}}})
        searcher.on_trial_complete("a", report)
        assert known.record("t00001.r1").state == TrialState.RUNNING
        assert searcher.suggest("b") == Searcher.FINISHED
        assert "GPU-hours" in stop.why()


def test_a_repeat_that_diverges_is_no_value_and_accidents_in_a_row_end_the_finals(finals, settings):
    with sweep_state(settings, SweepRequest(finals, 4, name="table")) as state:
        searched(state, finals)
        searcher, known = searcher_of(state)
        searcher.suggest("a")
        searcher.on_trial_complete("a", {"epoch": 2, "infeasible": True, "reason": "diverged"})
        assert known.record("t00001.r1").state == TrialState.FAIL and known.values("t00001") == []
        for tune_id in "bcd":
            searcher.suggest(tune_id)
            failed = {"epoch": 0, "failed": True, "reason": "no dataset"} if tune_id == "d" else {"epoch": 6}
            searcher.on_trial_complete(tune_id, failed)
        assert "3 repeats of finalists in a row failed; the last: no dataset" in searcher.given_up
        assert searcher.suggest("e") == Searcher.FINISHED
