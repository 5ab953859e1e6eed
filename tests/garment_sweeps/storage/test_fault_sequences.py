"""Whatever befalls the requests of a writer, readers find the whole dataset or none, on Swift and on moto.

Swift refuses what was damaged on its way; moto, which checks nothing, stores it.
"""

import pytest

from garment_sweeps.storage import s3_connection
from tests.garment_sweeps.storage.faulty_writes import FaultyWrites
from tests.servers.fault_proxy import FAULTS, fault_proxy

pytestmark = pytest.mark.servers

SEQUENCES = 1000
MENDED = 20
"""Of the sequences that ended in nothing, so many are written again without faults."""


def test_any_sequence_of_faults_ends_in_the_whole_dataset_or_in_nothing(s3_bucket, monkeypatch, tmp_path):
    monkeypatch.setattr(s3_connection, "LONGEST_PAUSE_S", 0.0)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    with fault_proxy(s3_bucket.server.endpoint) as proxy:
        writes = FaultyWrites(proxy, s3_bucket.server.endpoint, s3_bucket.name, tmp_path)
        told = {seed: writes.write(seed) for seed in range(SEQUENCES)}
        assert set(proxy.faults) == set(FAULTS) - {"delay"}
    found = dict.fromkeys(told, "nothing") | writes.found()
    assert {seed: end for seed, end in found.items() if end not in ("whole", "nothing")} == {}
    assert [seed for seed, line in told.items() if line == "" and found[seed] != "whole"] == []
    assert [line for line in told.values() if "another process" in line or "\n" in line] == []
    nothing = [seed for seed in found if found[seed] == "nothing"]
    assert len(nothing) > MENDED and min(list(told.values()).count(""), list(found.values()).count("whole")) > 50
    for seed in nothing[:MENDED]:
        assert writes.mend(seed) == ""
    mended = writes.found()
    assert {mended[seed] for seed in nothing[:MENDED]} == {"whole"}
