"""`garment data prepare` on a real Ray cluster of two nodes, from S3 to S3, with its driver and a node killed -9."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from garment_sweeps.storage import open_source, verify
from tests.garment_sweeps.ray.conftest import same_but_for_its_place
from tests.servers.ray_cluster import ray_cluster

ROOT = Path(__file__).parents[3]


def count(client, bucket: str, start: str) -> int:
    """Records of sequences that are done, in S3."""
    found = client.list_objects_v2(Bucket=bucket, Prefix=start).get("Contents", [])
    return sum(item["Key"].endswith(".json") for item in found)


@pytest.mark.cluster
@pytest.mark.servers
def test_a_killed_driver_and_a_killed_node(raw, calm, raw_uri, bucket, client, s3, tmp_path, monkeypatch):
    uri, records = f"s3://{bucket}/set", "set/.staging/parts/"
    command = [sys.executable, "-m", "garment_sweeps.cli.main", "data", "prepare", "--raw", raw_uri, "--out", uri]
    command += ["--map-size", "64", "--image-size", "64", "--subdivisions", "0", "--layout", "crowded"]
    log = tmp_path / "log"
    with ray_cluster() as cluster:
        for _ in range(2):
            cluster.add_node(cpus=1)
        monkeypatch.setenv("RAY_ADDRESS", cluster.address)
        with open(log, "w") as file:
            first = subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=file)
            wait_for(lambda: count(client, bucket, records) >= 1, first, log)
            first.send_signal(signal.SIGKILL)
            first.wait()
            known = count(client, bucket, records)
            assert known < 6, "killed too late"
            second = subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=file)
            wait_for(lambda: count(client, bucket, records) > known, second, log)
            cluster.kill_node(cluster.nodes[0])
            assert second.wait(timeout=900) == 0, log.read_text()[-3000:]
    said = log.read_text()
    assert "left out: train/" in said and f"{raw_uri}/train/" in said and "truncated" in said
    assert same_but_for_its_place(open_source(uri).manifest, calm, raw, raw_uri)
    report = verify(uri)
    assert report.ok and report.unlisted == ()


def wait_for(happened, process: subprocess.Popen, log: Path) -> None:
    """Waits, at most a quarter of an hour, for what a process does."""
    end = time.monotonic() + 900
    while not happened():
        assert process.poll() is None and time.monotonic() < end, log.read_text()[-3000:]
        time.sleep(0.1)
