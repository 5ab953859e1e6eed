"""kill -9 of the driver while finalists are trained again: nothing of it is lost or done twice."""

import json

import pytest

from garment_sweeps.experiment import FinalsConfig
from garment_sweeps.study.decisions import read_file
from garment_sweeps.study.state import log_file
from tests.chaos.progress import epochs_reported
from tests.garment_sweeps.driver.test_killed_driver import kill_driver, started_driver, wait_until
from tests.garment_sweeps.sweeping import run_sweep
from tests.tabulated import curve_mm


@pytest.mark.cluster
@pytest.mark.usefixtures("local_ray")
def test_a_driver_killed_in_the_finals_repeats_nothing(experiment, settings, tmp_path):
    space = experiment.space.model_copy(update={"parameters": experiment.space.parameters[:1]})
    finals = FinalsConfig(finalists=2, seeds=3)
    changes = {"space": space, "scheduler": None, "trials": 2, "finals": finals}
    whole = experiment.model_copy(update=changes)
    file, log = tmp_path / "experiment.json", tmp_path / "driver.log"
    file.write_text(json.dumps(whole.plain()))
    hold = ("--hold-at", "11", "--hold-repeats")
    driver = started_driver(file, log, "--tabulated", "0.3", "--untracked", *hold)
    # of four repeats of six epochs: none or one have ended, one or two are running
    wait_until(lambda: (epochs_reported(settings.study_url, "table#finals") or 0) >= 9, driver, log)
    kill_driver(driver)

    report = run_sweep(whole, settings=settings, resume=True, work="tabulated", tracked=False)
    assert (report.complete, report.repeats, report.repeats_left) == (2, 4, 0)
    events = [event for event in read_file(log_file(settings.home, "table")) if event["kind"] == "repeat"]
    names = [f"t0000{number}.r{index}" for index in (1, 2) for number in (0, 1)]
    assert sorted(e["trial"] for e in events if e["what"] == "begin") == sorted(names)
    assert sorted(e["trial"] for e in events if e["what"] == "end") == sorted(names)
    begun = {event["trial"]: event["values"] for event in events if event["what"] == "begin"}
    for event in events:
        if event["what"] == "end":
            config = whole.base.with_values(begun[event["trial"]])
            assert event["values"] == [pytest.approx(curve_mm(config, 6))] and event["state"] == "COMPLETE"
    sessions = {name: {e["attempt"] for e in events if e["trial"] == name and "attempt" in e} for name in names}
    resumed = [name for name, attempts in sessions.items() if len(attempts) > 1]
    assert resumed, "no repeat was running when the driver was killed"
    for name in resumed:  # from its checkpoint: no epoch but the one that was not kept is trained again
        told = [e for e in events if e["trial"] == name and e["what"] == "result"]
        trained, kept = [e["epoch"] for e in told], [epoch for e in told for epoch, _ in e.get("earlier", ())]
        assert {*trained, *kept} == set(range(1, 7)) and len(trained) <= 7 + 1
