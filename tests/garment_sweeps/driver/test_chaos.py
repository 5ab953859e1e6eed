"""kill -9 at seeded moments over a small sweep, and what is worse; `experiments/benchmarks/chaos.py` does a hundred, of
all parts."""

import pytest

from tests.chaos.plan import FREEZE, LOSS, Kill, plan_kills
from tests.chaos.run import chaos_experiment, sweep_under_kills
from tests.chaos.stage import open_stage
from tests.servers.postgres import missing_for_postgres

TRIALS, EPOCHS, KILLS = 8, 4, 6
REFUSED = ("t00001", 2)


@pytest.mark.cluster
def test_killed_drivers_and_workers_lose_double_and_change_nothing(tmp_path):
    experiment = chaos_experiment(TRIALS, EPOCHS, seed=1)
    kills = plan_kills(KILLS, ("driver", "worker"), TRIALS * EPOCHS, seed=1)
    with open_stage(tmp_path, victims=("driver", "worker"), nodes=1, light=True) as stage:
        outcome = sweep_under_kills(stage, tmp_path, experiment, kills, seconds_per_epoch=0.3, tracked=True)
    assert not outcome.faults, "\n".join(outcome.faults)
    assert [end.said for end in outcome.driver_ends] == []
    assert outcome.driver_starts == 1 + sum(kill.victim == "driver" for kill in kills)


@pytest.mark.cluster
@pytest.mark.servers
@pytest.mark.skipif(missing_for_postgres() is not None, reason=str(missing_for_postgres()))
def test_a_frozen_driver_a_lost_database_and_a_refused_record_lose_double_and_change_nothing(tmp_path):
    experiment = chaos_experiment(6, 3, seed=1)
    kills = [
        Kill(0, FREEZE, after_epochs=2, delay_s=0.0, pick=0.99, down_s=0.0),
        Kill(1, LOSS, after_epochs=6, delay_s=0.0, pick=0.0, down_s=0.0),
        Kill(2, "worker", after_epochs=7, delay_s=0.0, pick=0.0, down_s=0.0),
    ]
    with open_stage(tmp_path, ("mlflow", "postgres"), nodes=1, light=True, refused=REFUSED) as stage:
        outcome = sweep_under_kills(stage, tmp_path, experiment, kills, 0.3, True, REFUSED, copy_every_s=1.0)
    assert not outcome.faults, "\n".join(outcome.faults)
    assert [end.said for end in outcome.driver_ends] == []
    assert outcome.driver_starts == 3
