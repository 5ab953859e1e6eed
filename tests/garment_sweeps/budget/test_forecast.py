"""Forecasts against values computed by hand."""

import pytest

from garment_sweeps.budget.forecast import Plan, forecast, survival

HALVING = Plan(trials=9, epochs=9, places=3, grace=1, reduction=3.0)
"""Rungs after epochs 1 and 3; 9 is the end."""


def test_before_anything_ended_the_schedulers_rule_is_expected():
    third, ninth = 1 / 3, 1 / 9
    assert survival(HALVING, []) == pytest.approx([1, third, third, *[ninth] * 6])
    # 1 + 2/3 + 6/9 = 7/3 epochs a trial, nine trials: 21; at 60 s each 21 min of device, 7 min with three places
    ahead = forecast(HALVING, 60.0)
    assert ahead.epochs == pytest.approx(21)
    assert ahead.gpu_hours == pytest.approx(21 / 60)
    assert ahead.wall_hours == pytest.approx(7 / 60)


def test_what_was_seen_counts_beside_the_rule():
    # After epoch 1: three judged and two stopped, with the rule's trial (2 + 2/3) / 4 = 2/3. After epoch 3: one judged,
    # none stopped: (0 + 2/3) / 2 = 1/3.
    shares = survival(HALVING, [1, 1, 9])
    assert shares == pytest.approx([1, 1 / 3, 1 / 3, *[2 / 9] * 6])
    # six trials to come, 1 + 2/3 + 12/9 = 3 epochs each
    assert forecast(HALVING, 1.0, ended=[1, 1, 9]).epochs == pytest.approx(18)


def test_running_trials_count_with_what_they_have_left():
    # One ended after epoch 1, one is past epoch 3 (and so was let go on at both rungs).
    # Epoch 1: (1 + 2/3) / 3 = 5/9. Epoch 3: (0 + 2/3) / 2 = 1/3. Shares 1, 4/9, 4/9, 8/27 six times.
    two = Plan(trials=2, epochs=9, places=2, grace=1, reduction=3.0)
    assert survival(two, [1], [4]) == pytest.approx([1, 4 / 9, 4 / 9, *[8 / 27] * 6])
    # five epochs are left of nine, and nothing more stops it
    ahead = forecast(two, 10.0, ended=[1], running=[4])
    assert ahead.epochs == pytest.approx(5)
    assert ahead.wall_hours == pytest.approx(50 / 3600)  # one trial alone cannot use two places


def test_without_a_scheduler_every_trial_is_whole_and_failures_are_learned():
    plain = Plan(trials=4, epochs=5, places=2)
    assert forecast(plain, 1.0).epochs == 20
    # two of four diverged at once: (2 + 0) / (2 + 1) of the others are expected to
    assert forecast(plain, 1.0, ended=[0, 0]).epochs == pytest.approx(2 * 5 / 3)


def test_finals_are_whole_trainings_in_rounds():
    plan = Plan(trials=4, epochs=5, places=2, repeats=6, share=0.5)
    ahead = forecast(plan, 3600.0)
    assert ahead.epochs == 20 + 30
    assert ahead.gpu_hours == 25.0  # half a GPU each
    assert ahead.wall_hours == 10 + 15  # three rounds of two repeats
    done = forecast(plan, 3600.0, ended=[5, 5, 5, 5], repeated=25)
    assert done.epochs == 5 and done.wall_hours == 5
    assert forecast(plan, 3600.0, ended=[5, 5, 5, 5], repeated=30).epochs == 0


def test_rungs_between_epochs_are_judged_after_them():
    plan = Plan(trials=1, epochs=6, places=1, grace=1, reduction=1.5)  # 1, 1.5, 2.25, 3.375, 5.06: after 1, 2, 3, 4
    shares = survival(plan, [])
    assert shares == pytest.approx([1, 2 / 3, 4 / 9, 8 / 27, 16 / 81, 16 / 81])
