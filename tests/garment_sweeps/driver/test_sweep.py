"""Whole sweeps on a real Ray cluster, with tabulated trials."""

from functools import partial
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from garment_sweeps.cli.main import main
from garment_sweeps.driver.report import report_lines
from garment_sweeps.experiment import Budget
from garment_sweeps.search.replay import replay
from garment_sweeps.study.catch_up import study_from_log
from garment_sweeps.study.decisions import read_file
from garment_sweeps.study.state import log_file
from garment_sweeps.study.study import open_storage
from garment_uv.errors import UserError
from tests.garment_sweeps.sweeping import run_sweep
from tests.started import started
from tests.tabulated import curve_mm, tabulated

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("local_ray")]


def study_of(settings, experiment, name="table"):
    return started(optuna.load_study(study_name=name, storage=open_storage(settings.study_url)))


def run(experiment, settings, **more):
    return run_sweep(experiment, settings=settings, work="tabulated", tracked=False, **more)


def test_a_sweep_stops_some_trials_tells_the_truth_about_all_and_resumes_as_a_whole(experiment, settings, capsys):
    report = run(experiment, settings)
    assert report.ended == 8 and report.interrupted == 0
    assert report.complete >= 1 and report.pruned >= 1 and report.failed >= 1
    trials = study_of(settings, experiment)
    for trial in trials:
        values = {p: trial.params[p] for p in trial.params}
        config = experiment.base.with_values(values)
        curve = {epoch: curve_mm(config, epoch) for epoch in trial.intermediate_values}
        assert trial.intermediate_values == pytest.approx(curve)
        last = max(trial.intermediate_values, default=0)
        if trial.state == TrialState.COMPLETE:
            assert last == 6 and trial.value == pytest.approx(curve[6])
        elif trial.state == TrialState.PRUNED:
            assert last < 6 and trial.value == pytest.approx(curve[last])
        else:
            assert values["training.optimiser.generator_lr"] == 0.9
            assert "diverged" in trial.user_attrs["garment.reason"]
    assert report.best_mm == min(t.value for t in trials if t.state == TrialState.COMPLETE)
    assert "infeasible: diverged" in capsys.readouterr().out

    with pytest.raises(UserError, match="--resume"):
        run(experiment, settings)
    assert run(experiment, settings, resume=True).ended == 8
    assert [(t.number, t.value) for t in study_of(settings, experiment)] == [(t.number, t.value) for t in trials]
    more = run(experiment, settings, resume=True, trials=9)
    assert more.ended == 9
    check_log(settings, study_of(settings, experiment))


def check_log(settings, trials) -> None:
    """The log repeats every decision of all sessions, notices a changed one, and holds all that the study holds."""
    events = read_file(log_file(settings.home, "table"))
    done = replay(events)
    assert not done.differences
    assert (done.suggestions, done.ends) == (9, 9) and done.results > 9
    stop = next(event for event in events if event["kind"] == "result" and event["decision"] == "STOP")
    changed = [{**event, "decision": "CONTINUE"} if event is stop else event for event in events]
    assert stop["seq"] in [difference.seq for difference in replay(changed).differences]
    copy = study_from_log(optuna.storages.InMemoryStorage(), "table", events)
    for mine, theirs in zip(copy.trials, trials, strict=True):
        assert (mine.state, mine.params, mine.values) == (theirs.state, theirs.params, theirs.values)
        assert mine.intermediate_values == theirs.intermediate_values


def epochs_of(settings, experiment) -> dict[int, int]:
    """How far each trial of the study is."""
    return {t.number: max(t.intermediate_values, default=0) for t in study_of(settings, experiment)}


def test_a_budget_ends_trials_at_a_checkpoint_and_a_later_session_goes_on_with_them(experiment, settings):
    lasting = experiment.with_values({"scheduler": None, "trials": 3, "try_base": False})
    cut = run(lasting, settings, seconds_per_epoch=0.2, budget=Budget(gpu_hours=0.5 / 3600))
    assert cut.interrupted >= 1 and "GPU-hours" in cut.stopped_because
    assert all(epochs < 6 for epochs in epochs_of(settings, lasting).values())
    with pytest.raises(UserError, match="budget.gpu_hours was .*, now 1e-05"):
        run(lasting, settings, resume=True, budget=Budget(gpu_hours=1e-5))
    still = run(lasting, settings, resume=True)  # the budget is remembered
    assert still.interrupted >= 1 and "larger --budget-gpu-hours" in "".join(report_lines(still))
    before = epochs_of(settings, lasting)
    whole = run(lasting, settings, resume=True, budget=Budget(gpu_hours=1.0))
    assert whole.ended == 3 and whole.interrupted == 0
    for trial in study_of(settings, lasting):
        curve = [curve_mm(lasting.base.with_values(trial.params), e) for e in sorted(trial.intermediate_values)]
        assert list(trial.intermediate_values.values()) == pytest.approx(curve)
    resumed = [number for number, epochs in before.items() if 0 < epochs < 6]
    folder = settings.home / "sweeps" / "table"
    for number in resumed:  # not from the beginning: the last session's attempt starts at the last checkpoint
        *_, attempt = sorted((folder / f"t{number:05d}.attempts").iterdir())
        assert attempt.name.endswith(f"e{before[number]:06d}")


def test_several_objectives_and_a_constraint_are_told_to_the_study(experiment, settings):
    changes = {"also_minimise": ("seconds_per_image",), "scheduler": None, "trials": 4, "sampler": "tpe_constrained"}
    changes |= {"constraints": ({"metric": "memory_mib", "at_most": 1.0},), "finals.finalists": 0}
    both = experiment.with_values(changes)
    report = run(both, settings)
    trials = study_of(settings, both)
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    assert report.complete == len(complete) >= 2 and report.best_mm is None  # no trial keeps to one MiB
    for trial in complete:
        error, seconds = trial.values
        assert error == pytest.approx(curve_mm(both.base.with_values(trial.params), 6)) and seconds > 0
        assert trial.user_attrs["garment.violations"]["memory_mib"] > 0
    assert not replay(read_file(log_file(settings.home, "table"))).differences


def test_trials_whose_dataset_is_gone_end_the_sweep_with_the_reason(experiment, settings, monkeypatch):
    from garment_sweeps.driver.readiness import Readiness

    monkeypatch.setattr(Readiness, "_dataset_version", lambda self, spec: "")  # it was there when the sweep began
    with pytest.raises(UserError, match="3 trials in a row failed; the last: no dataset at"):
        run_sweep(experiment, settings=settings, tracked=False)


def test_a_sweep_without_a_completed_trial_ends_the_command_with_status_1_and_the_reasons(
    settings, monkeypatch, capsys
):
    import garment_sweeps.api as module

    tabulated_run = partial(module.run, settings=settings, open_work=tabulated(), tracked=False)
    monkeypatch.setattr(module, "run", tabulated_run)
    assert main(["sweep", f"{Path(__file__).parent}/hopeless.py"]) == 1
    said = capsys.readouterr()
    assert "2 trials ended (0 complete, 0 stopped early, 2 failed or infeasible)" in said.out
    assert "no trial of hopeless was completed: 2 failed (diverged at learning rate 0." in said.err


def test_a_trial_larger_than_the_machine_is_refused_at_once(experiment, settings):
    large = experiment.with_values({"resources.cpus": 512.0})
    with pytest.raises(UserError, match="needs 512 CPUs"):
        run(large, settings)


def test_the_root_on_a_workers_path_does_not_shadow_the_standard_librarys_platform():
    import ray

    def where(root: str) -> tuple[str, str]:
        import sys

        sys.path.insert(0, root)
        sys.modules.pop("platform", None)
        import platform

        return platform.__file__, platform.python_version()

    file, version = ray.get(ray.remote(num_cpus=1)(where).remote(str(ROOT)))
    assert str(ROOT) not in file
    assert version.startswith("3.")
