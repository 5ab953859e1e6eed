"""Cost per 0.1 mm against values computed by hand."""

import pytest
from mlflow.utils.validation import _validate_metric_name

from garment_sweeps.budget.cost import cost_of


def end(trial: str, hours: float, mm: float | None, state: str = "COMPLETE") -> dict:
    values = None if mm is None else [mm]
    result = {"attempt": 1, "attempt_seconds": 3600 * hours}
    return {"kind": "end", "trial": trial, "state": state, "values": values, "result": result}


EVENTS = [
    {"kind": "begin"},
    {"kind": "result", "trial": "t00000", "epoch": 1, "attempt": 1, "attempt_seconds": 1800.0},
    {"kind": "result", "trial": "t00001", "epoch": 1, "attempt": 1, "attempt_seconds": 3600.0},
    end("t00000", 1.0, 14.0),  # 2 h are spent by now: half of the first hour before, t00001's, and the other half
    end("t00001", 1.0, None, "PRUNED"),
    end("t00002", 2.0, 13.0),  # 4 h
    end("t00003", 1.0, 13.5),  # 5 h, no better
    end("t00004", 1.0, 12.8),  # 6 h
    {"kind": "budget", "what": "lost", "trial": "t00005", "seconds": 1800.0},
    end("t00005", 0.5, None, "FAIL"),
    {"kind": "repeat", "trial": "t00004.r1", "attempt": 1, "attempt_seconds": 36000.0},
]


def test_overall_and_marginal_cost_by_hand():
    cost = cost_of(EVENTS, gpus=1.0, baseline_mm=18.8)
    assert [(i.trial, i.gpu_hours, i.mm) for i in cost.incumbents] == [
        ("t00000", 2.0, 14.0),
        ("t00002", 4.0, 13.0),
        ("t00004", 6.0, 12.8),
    ]
    assert cost.overall == pytest.approx(4 / 12)  # 4 h for twelve tenths
    assert cost.marginal == pytest.approx(2 / 2)
    assert cost.from_baseline == pytest.approx(6 / 60)
    assert cost.since == pytest.approx(1.0)  # the finals are not search
    text = "\n".join(cost.lines())
    assert "0.333 GPU-hours per 0.1 mm from 14.00 mm (t00000" in text and "1 in the last improvement" in text
    assert "0.1 GPU-hours per 0.1 mm below the class mean displacement (18.80 mm)" in text
    assert "1 GPU-hours of search after t00004" in text


def test_a_quarter_of_a_gpu_costs_a_quarter():
    assert cost_of(EVENTS, gpus=0.25).overall == pytest.approx(1 / 12)


def test_without_a_gain_there_is_no_cost_of_it():
    none = cost_of(EVENTS[:3], 1.0)
    assert none.overall is None and none.marginal is None and none.lines() == [] and none.metrics() == {}
    one = cost_of(EVENTS[:4], 1.0, baseline_mm=13.9)
    assert one.overall is None and one.from_baseline is None and one.since == 0.0
    assert cost_of(EVENTS, gpus=0).unit == "device-hours"
    assert one.metrics() == {"report/gpu_hours_since_best": 0.0}


def test_mlflow_takes_the_metrics_names():
    metrics = cost_of(EVENTS, 1.0, 18.8).metrics()
    assert len(metrics) == 4
    for name in metrics:
        _validate_metric_name(name)
