"""kill -9 at seeded moments over a small sweep; `experiments/benchmarks/chaos.py` does a hundred, of all parts."""

import pytest

from tests.chaos.plan import plan_kills
from tests.chaos.run import chaos_experiment, sweep_under_kills
from tests.chaos.stage import open_stage

TRIALS, EPOCHS, KILLS = 8, 4, 6


@pytest.mark.cluster
def test_killed_drivers_and_workers_lose_double_and_change_nothing(tmp_path):
    experiment = chaos_experiment(TRIALS, EPOCHS, seed=1)
    kills = plan_kills(KILLS, ("driver", "worker"), TRIALS * EPOCHS, seed=1)
    with open_stage(tmp_path, victims=("driver", "worker"), nodes=1, light=True) as stage:
        outcome = sweep_under_kills(stage, tmp_path, experiment, kills, seconds_per_epoch=0.3, tracked=True)
    assert outcome.faults == []
    assert [end.said for end in outcome.driver_ends] == []
    assert outcome.driver_starts == 1 + sum(kill.victim == "driver" for kill in kills)
