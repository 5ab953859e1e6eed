"""kill -9 over a small sweep, a driver that stands still, a lost database and a record that MLflow refuses, all in one;
`experiments/benchmarks/chaos.py` does a hundred kills, of all parts."""

import pytest

from tests.chaos.plan import FREEZE, LOSS, Kill
from tests.chaos.run import chaos_experiment, sweep_under_kills
from tests.chaos.stage import open_stage
from tests.servers.postgres import missing_for_postgres

TRIALS, EPOCHS = 8, 4
REFUSED = ("t00001", 2)
BLOWS = [
    Kill(0, "driver", after_epochs=2, delay_s=0.3, pick=0.0, down_s=0.0),
    Kill(1, FREEZE, after_epochs=5, delay_s=0.0, pick=0.99, down_s=0.0),
    Kill(2, "worker", after_epochs=8, delay_s=0.5, pick=0.0, down_s=0.0),
    Kill(3, LOSS, after_epochs=11, delay_s=0.0, pick=0.0, down_s=0.0),
    Kill(4, "worker", after_epochs=14, delay_s=0.2, pick=0.9, down_s=0.0),
    Kill(5, "driver", after_epochs=14, delay_s=0.1, pick=0.0, down_s=0.0),
]
ON_SERVERS = (FREEZE, LOSS)
"""What only the study's own server can tell of."""


@pytest.mark.cluster
@pytest.mark.servers
def test_kills_a_freeze_a_lost_database_and_a_refused_record_lose_double_and_change_nothing(tmp_path):
    servers = missing_for_postgres() is None
    blows = [blow for blow in BLOWS if servers or blow.victim not in ON_SERVERS]
    refused = REFUSED if servers else None
    parts = ("mlflow", "postgres") if servers else ("driver", "worker")
    with open_stage(tmp_path, parts, nodes=1, light=True, refused=refused) as stage:
        experiment = chaos_experiment(TRIALS, EPOCHS, seed=1)
        outcome = sweep_under_kills(stage, tmp_path, experiment, blows, 0.3, True, refused, copy_every_s=1.0)
    assert not outcome.faults, "\n".join(outcome.faults)
    assert [end.said for end in outcome.driver_ends] == []
    assert outcome.driver_starts == 1 + sum(blow.victim != "worker" for blow in blows)
