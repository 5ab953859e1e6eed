"""A trial without Tune: it ends as it should, and goes on exactly where it was."""

import json
import time

import pytest

from garment_sweeps.trials import job as job_module
from garment_sweeps.trials.checkpoints import CRASH_LOOP
from garment_sweeps.trials.job import Superseded, TrialJob
from garment_sweeps.trials.opening import WORK_FOLDER
from garment_sweeps.trials.progress import PROGRESS_FILE
from tests.tabulated import PROGRESS_FILE as WORK_FILE
from tests.tabulated import curve_mm, tabulated_job

TRIAL = {"id": "t00000", "number": 0}
OF_THE_ATTEMPT = ("device_seconds", "attempt", "attempt_seconds", "earlier")


def run(job: TrialJob, tmp_path, epochs: int = 99, keep: bool = True) -> list[dict]:
    """Steps the job, saving each epoch's checkpoint as Tune would."""
    results = []
    while not (results and results[-1].get("done")) and len(results) < epochs:
        results.append(job.step())
        if keep:
            folder = tmp_path / f"local{results[-1]['epoch']}"
            folder.mkdir(exist_ok=True)
            job.save(folder)
            job.trial.store.put(folder, results[-1]["epoch"])
    return results


def plain(results: list[dict]) -> list[dict]:
    return [{k: v for k, v in result.items() if k not in OF_THE_ATTEMPT} for result in results]


def test_all_epochs_are_reported_and_the_last_is_done(context, tmp_path):
    results = run(tabulated_job(context, TRIAL, {"loss.adversarial": 0.1}), tmp_path)
    config = context.base.with_values({"loss.adversarial": 0.1})
    assert [r["epoch"] for r in results] == [1, 2, 3, 4, 5]
    assert [r["s2s_mm"] for r in results] == [curve_mm(config, epoch) for epoch in range(1, 6)]
    assert [bool(r.get("done")) for r in results] == [False] * 4 + [True]


def test_a_new_process_goes_on_from_the_newest_checkpoint(context, tmp_path):
    whole = run(tabulated_job(context, TRIAL, {}), tmp_path / "a", keep=False)
    before = run(tabulated_job(context, TRIAL, {}), tmp_path, epochs=3)
    after = run(tabulated_job(context, TRIAL, {}), tmp_path)
    assert plain(before + after) == plain(whole)


def test_a_later_session_finds_the_checkpoints_of_the_earlier(context, tmp_path):
    run(tabulated_job(context, TRIAL, {}), tmp_path, epochs=3)
    later = tabulated_job(context.with_values({"session": 2}), TRIAL, {})
    assert later.step()["epoch"] == 4


@pytest.mark.parametrize("torn", [PROGRESS_FILE, f"{WORK_FOLDER}/{WORK_FILE}"])
def test_a_torn_checkpoint_is_left_out_for_the_one_before(context, tmp_path, torn, capsys):
    job = tabulated_job(context, TRIAL, {})
    run(job, tmp_path, epochs=3)
    path = tmp_path / "store" / "s" / "t00000.s0" / "checkpoint_000003" / torn
    path.write_text(path.read_text()[:5])
    assert tabulated_job(context, TRIAL, {}).step()["epoch"] == 3
    assert "left out a checkpoint that cannot be gone on from" in capsys.readouterr().out


def test_a_whole_checkpoint_stays_until_there_are_two_newer_whole_ones(context, tmp_path):
    folder = tmp_path / "store" / "s" / "t00000.s0"
    run(tabulated_job(context, TRIAL, {}), tmp_path, epochs=1)
    for number in (90, 91):  # killed twice in the middle of writing
        (folder / f"checkpoint_{number:06d}").mkdir()
        job = tabulated_job(context, TRIAL, {})
        run(job, tmp_path, epochs=0)
    results = []
    for epoch in (2, 3, 4):
        results += run(job, tmp_path, epochs=1, keep=False)
        job.save(tmp_path / "local1")
        job.trial.store.put(tmp_path / "local1", 100 + epoch)
        assert (folder / "checkpoint_000001").exists() == (epoch < 4)
    assert [r["epoch"] for r in results] == [2, 3, 4]


def test_killed_after_its_last_checkpoint_it_reports_the_end_again(context, tmp_path):
    whole = run(tabulated_job(context, TRIAL, {}), tmp_path)
    again = tabulated_job(context, TRIAL, {}).step()
    assert plain([again]) == plain(whole[-1:])


def test_an_untrainable_config_is_infeasible_and_reports_no_value(context):
    result = tabulated_job(context, TRIAL, {"training.optimiser.generator_lr": 0.9}).step()
    assert result["infeasible"] and result["done"] and "s2s_mm" not in result
    assert "diverged at learning rate 0.9" in result["reason"]


def test_a_crash_loop_ends_as_failed(context):
    for _ in range(CRASH_LOOP):
        tabulated_job(context, TRIAL, {})
    result = tabulated_job(context, TRIAL, {}).step()
    assert result["failed"] and "died 3 times at epoch 0" in result["reason"]


def test_a_superseded_process_stops_before_it_writes(context):
    old = tabulated_job(context, TRIAL, {})
    old.step()
    tabulated_job(context, TRIAL, {})
    with pytest.raises(Superseded):
        old.step()


class Clock:
    """In place of `time`: only epochs take any."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_seconds_add_up_over_attempts(context, tmp_path, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(job_module, "time", clock)
    monkeypatch.setattr(time, "sleep", clock.sleep)  # where the work finds it, whichever module it came from
    first = run(tabulated_job(context, TRIAL, {}, seconds_per_epoch=3.0), tmp_path, epochs=2)
    clock.now += 500.0  # nobody has it meanwhile
    second = run(tabulated_job(context, TRIAL, {}, seconds_per_epoch=3.0), tmp_path, epochs=1)
    assert [result["device_seconds"] for result in first + second] == [3.0, 6.0, 9.0]
    assert [result["attempt_seconds"] for result in first + second] == [3.0, 6.0, 3.0]


def test_an_epoch_without_evaluation_reports_no_value(context):
    result = tabulated_job(context.with_values({"metric": "s2s/other"}), TRIAL, {}).step()
    assert "s2s_mm" not in result and result["epoch"] == 1


def test_a_checkpoint_is_plain_json_and_the_works_folder(context, tmp_path):
    run(tabulated_job(context, TRIAL, {}), tmp_path, epochs=1)
    assert sorted(path.name for path in (tmp_path / "local1").iterdir()) == [PROGRESS_FILE, WORK_FOLDER]
    assert json.loads((tmp_path / "local1" / PROGRESS_FILE).read_text())["progress"]["last"]["epoch"] == 1


def test_the_first_result_after_a_restart_tells_the_values_before_it(context, tmp_path):
    before = run(tabulated_job(context, TRIAL, {}), tmp_path, epochs=3)
    after = tabulated_job(context, TRIAL, {})
    first, second = after.step(), after.step()
    assert first["earlier"] == [[result["epoch"], result["s2s_mm"]] for result in before]
    assert "earlier" not in second and all("earlier" not in result for result in before)
