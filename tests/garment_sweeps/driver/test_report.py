"""The report's words and metrics."""

import pytest
from mlflow.utils.validation import _validate_metric_name

from garment_sweeps.budget.cost import Cost, Incumbent
from garment_sweeps.driver.report import SweepReport, kinds_of, report_lines
from garment_uv.errors import UserError

COST = Cost((Incumbent("t00000", 1.0, 14.0), Incumbent("t00004", 3.0, 12.0)), 4.0, 18.0)
WHOLE = SweepReport("weights", 3, 5, 1, 0, 12.1, "t00004", 6.5, cost=COST, repeats=4, best_half_width_mm=0.2)


def test_a_whole_sweep():
    report = SweepReport(**{**vars(WHOLE), "best_seeds": 3, "alike": ("t00002", "t00007")})
    assert report_lines(report) == [
        "9 trials ended (3 complete, 5 stopped early, 1 failed or infeasible), 4 repeats of finalists, 6.50 GPU-hours",
        "cost: 0.1 GPU-hours per 0.1 mm from 14.00 mm (t00000, the first complete trial) to 12.00 mm (t00004); "
        "0.1 in the last improvement",
        "cost: 0.05 GPU-hours per 0.1 mm below the class mean displacement (18.00 mm)",
        "cost: 1 GPU-hours of search after t00004 brought nothing better",
        "best: t00004 with 12.10 mm ± 0.20 over 3 seeds, not to be told apart from t00002, t00007; "
        "next: garment promote weights",
    ]


def test_what_was_cut_short_and_why():
    cut = SweepReport("weights", 0, 0, 0, 2, None, "", 0.25, "budget of 1 hours: spent", repeats_left=3)
    assert report_lines(cut)[1] == (
        "2 trials were cut short and 3 repeats of finalists are left: budget of 1 hours: spent; "
        "--resume goes on with them"
    )
    ended = SweepReport("weights", 1, 0, 0, 0, 9.0, "t00000", 0.25, "budget of 1 hours: spent")
    assert report_lines(ended)[1] == "ended early: budget of 1 hours: spent"
    assert report_lines(ended)[-1] == "best: t00000 with 9.00 mm; next: garment promote weights"


def test_metrics_of_the_sweeps_run():
    metrics = {name: value for name, value in WHOLE.summary().items() if not isinstance(value, str)}
    for name in metrics:
        _validate_metric_name(name)
    assert metrics["best_s2s_mm"] == 12.1 and metrics["report/best_half_width_mm"] == 0.2
    assert metrics["report/gpu_hours_per_0.1mm"] == 0.1 and metrics["trials_pruned"] == 5 and metrics["repeats"] == 4
    assert "best_s2s_mm" not in SweepReport("x", 0, 0, 0, 0, None, "", 0.0).summary()


def test_the_best_is_said_with_the_metric_that_the_sweep_makes_small():
    report = SweepReport(**{**vars(WHOLE), "metric": "s2s/Dress", "best_seeds": 3})
    assert report_lines(report)[-1].startswith("best: t00004 with 12.10 mm ± 0.20 of s2s/Dress over 3 seeds")


def test_reasons_that_differ_in_numbers_alone_are_one_kind():
    reasons = ["diverged at learning rate 0.9", "no usable s2s/all was reported", "diverged at learning rate 1e-05", ""]
    assert kinds_of(reasons) == (
        (2, "diverged at learning rate 0.9"),
        (1, "no usable s2s/all was reported"),
        (1, "for no known reason"),
    )


def test_a_sweep_without_a_completed_trial_is_an_error_that_says_each_reason():
    reasons = ((3, "diverged at learning rate 0.9"), (1, "shard is gone"))
    none = SweepReport("weights", 0, 2, 4, 0, None, "", 0.25, reasons=reasons)
    with pytest.raises(UserError) as caught:
        none.require_completed()
    assert str(caught.value) == (
        "no trial of weights was completed: 3 failed (diverged at learning rate 0.9); 1 failed (shard is gone); "
        "2 were stopped early"
    )
    WHOLE.require_completed()
    SweepReport("weights", 0, 0, 1, 2, None, "", 0.25, "budget of 1 hours: spent").require_completed()  # goes on
