"""Finals, forecast and budget of whole sweeps on a real Ray cluster, with tabulated trials."""

import json
from pathlib import Path

import pytest

from garment_sweeps.budget.ledger import spent_seconds
from garment_sweeps.comparison.leaderboard import leaderboard
from garment_sweeps.driver.report import report_lines
from garment_sweeps.experiment import Budget, Choice, FinalsConfig, Space
from garment_sweeps.search.warm_start import head_start
from garment_sweeps.study.decisions import read_file
from garment_sweeps.study.state import log_file
from garment_sweeps.tracking import tags, tracking_client
from garment_sweeps.tracking.runs import find_sweep, objective_of, trials_of
from tests.garment_sweeps.sweeping import run_sweep
from tests.tabulated import BEST_RATES, curve_mm

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("local_ray", "mlflow_server")]


@pytest.fixture
def lasting(experiment):
    """Four trials that all train to the end, the best two of them again."""
    space = experiment.space.model_copy(update={"parameters": experiment.space.parameters[:1]})
    finals = FinalsConfig(finalists=2, seeds=2)
    return experiment.model_copy(update={"space": space, "scheduler": None, "trials": 4, "finals": finals})


def test_the_best_are_trained_again_ranked_by_their_means_and_never_twice(lasting, settings, capsys):
    report = run_sweep(lasting, settings=settings, work="tabulated")
    assert report.complete == 4 and report.repeats == 2 and report.repeats_left == 0
    said = capsys.readouterr().out
    assert "forecast: unknown until the first epochs are measured" in said
    assert "finals: 2 trainings of the best trials with other seeds" in said

    board = leaderboard("table")
    assert len(board.trials) == 4 and board.best.name == report.best_trial
    finalists = board.trials[:2]
    assert all(row.repeated and row.estimate.seeds == 2 for row in finalists)
    for row in finalists:
        adversarial = json.loads(row.params["searched/loss.adversarial"])
        configs = [lasting.base.with_values({"loss.adversarial": adversarial, "seed": seed}) for seed in (0, 1)]
        assert [seed.error_mm for seed in row.seeds] == pytest.approx([curve_mm(config, 6) for config in configs])
    assert report.best_mm == pytest.approx(board.best.mean_mm)
    assert report.best_half_width_mm == pytest.approx(board.best.estimate.half_width)

    parent = find_sweep(tracking_client(), "table")
    runs = {run.data.tags[tags.TRIAL]: run for run in trials_of(tracking_client(), parent)}
    repeat = runs[f"{report.best_trial}.r1"]
    assert repeat.data.tags[tags.REPEAT_OF] == report.best_trial and repeat.data.tags[tags.SEED] == "1"
    assert repeat.data.tags[tags.OUTCOME] == "complete" and repeat.data.params["seed"] == "1"
    assert parent.data.metrics["repeats"] == 2 and "report/gpu_hours_since_best" in parent.data.metrics

    chosen = [e["finalists"] for e in read_file(log_file(settings.home, "table")) if e["kind"] == "finalists"]
    assert len(chosen) == 1 and set(chosen[0]) == {row.name for row in finalists}
    kept = tracking_client().download_artifacts(parent.info.run_id, "table.jsonl", str(settings.home))
    assert read_file(Path(kept)) == read_file(log_file(settings.home, "table"))
    again = run_sweep(lasting, settings=settings, work="tabulated", resume=True)
    assert again.repeats == 2 and len(trials_of(tracking_client(), parent)) == 6
    assert again.gpu_hours == pytest.approx(report.gpu_hours)


def begun_without_budget(events: list[dict], seconds: float) -> list[dict]:
    """Results of epochs that began although what the trials had told by then had used the budget up.

    An epoch begins when its trial is given out, or has told the epoch before. How long it takes is not the budget's
    doing: a machine that stands still in the middle of it lets the sum be larger.
    """
    spent, at_begin, late = {}, {}, []
    for event in events:
        name = event.get("trial", "")
        if event["kind"] == "suggest" or event.get("what") == "begin":
            at_begin[name] = sum(spent.values())
        elif "attempt_seconds" in event:
            told = event["kind"] == "result" or event.get("what") == "result"
            if told and at_begin[name] >= seconds:
                late.append(event)
            spent[name, event["attempt"]] = event["attempt_seconds"]
            at_begin[name] = sum(spent.values())
    assert at_begin and spent
    return late


def test_a_budget_holds_and_a_later_session_ends_search_and_finals(lasting, settings):
    def run(**more):
        return run_sweep(lasting, settings=settings, work="tabulated", tracked=False, seconds_per_epoch=0.3, **more)

    seconds = 6.0  # the epochs of four trials and two repeats alone are 10.8 s
    cut = run(budget=Budget(gpu_hours=seconds / 3600))
    events = read_file(log_file(settings.home, "table"))
    assert cut.gpu_hours > 0 and begun_without_budget(events, seconds) == []
    assert "GPU-hours" in cut.stopped_because and cut.interrupted + cut.repeats_left >= 1
    assert any(event["kind"] == "budget" and event["what"] == "stop" for event in events)
    assert sum(spent_seconds(events).values()) == pytest.approx(cut.gpu_hours * 3600)
    whole = run(resume=True, budget=Budget(gpu_hours=1.0))
    assert whole.complete == 4 and whole.interrupted == 0 and whole.repeats_left == 0 and whole.repeats >= 2
    assert whole.gpu_hours > cut.gpu_hours
    assert begun_without_budget(read_file(log_file(settings.home, "table")), seconds)  # this one had more
    lines = report_lines(whole)
    assert "device-hours" in lines[0] and "over 2 seeds" in lines[-1]


def test_a_sweep_for_dresses_is_judged_by_dresses_everywhere(lasting, settings):
    rates = Choice(path="training.optimiser.generator_lr", options=(1e-3, 5e-2))
    changes = {"space": Space(parameters=(rates,)), "trials": 2, "finals": FinalsConfig(finalists=0)}
    dresses = lasting.model_copy(update={**changes, "metric": "s2s/Dress", "try_base": False})
    report = run_sweep(dresses, settings=settings, work="tabulated")
    configs = [dresses.base.with_values({rates.path: rate}) for rate in rates.options]
    of_dresses = [curve_mm(config, 6, BEST_RATES["Dress"]) for config in configs]
    of_all = [curve_mm(config, 6) for config in configs]
    assert of_dresses[1] < of_dresses[0] and of_all[0] < of_all[1]  # what is better overall is worse for dresses

    assert report.metric == "s2s/Dress" and report.best_mm == pytest.approx(of_dresses[1])
    assert f"with {of_dresses[1]:.2f} mm of s2s/Dress" in report_lines(report)[-1]
    assert report.cost.incumbents[-1].mm == report.best_mm
    parent = find_sweep(tracking_client(), "table")
    assert parent.data.metrics["best_s2s_mm"] == report.best_mm and objective_of(parent) == "s2s/Dress"

    known = head_start(dresses, ["table"], "").known
    assert {entry["values"][rates.path]: entry["results"][0] for entry in known} == pytest.approx(
        dict(zip(rates.options, of_dresses, strict=True))
    )
    overall = dresses.model_copy(update={"metric": "s2s/all"})
    assert sorted(entry["results"][0] for entry in head_start(overall, ["table"], "").known) == pytest.approx(of_all)
