"""Ten processes on one node read one dataset from S3 at once: each shard comes once, whoever is killed meanwhile."""

import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import pytest

from garment_sweeps.storage import open_sink, open_source
from garment_uv.files import file_digest
from garment_uv.samples.loader import SampleLoader
from garment_uv.samples.source import FolderSource
from tests.garment_uv.samples.made import write_dataset, write_folder
from tests.garment_uv.samples.test_loader import same
from tests.servers.fault_proxy import fault_proxy

pytestmark = pytest.mark.servers
TRIALS, SHARDS = 10, 6
processes = multiprocessing.get_context("fork")


@pytest.fixture
def proxy(server, bucket, monkeypatch, tmp_path):
    """A proxy that counts, before a store with a dataset of `SHARDS` shards to train on; the same is in a folder."""
    write_folder(tmp_path / "set", tmp_path / "scratch", train=3 * SHARDS)
    write_dataset(open_sink(f"s3://{bucket}/set"), tmp_path / "scratch", train=3 * SHARDS)
    with fault_proxy(server.endpoint) as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", running.endpoint)
        running.set_faults(delay=1.0)
        yield running


def read_all(uri: str, folder: Path, start, answers) -> None:
    """What a trial reads in an epoch, compared with the folder; answers how many shards it has fetched itself."""
    start.wait()
    source = open_source(uri)
    ours, plain = (SampleLoader(each, "train", batch_size=3, seed=2) for each in (source, FolderSource(folder)))
    right = all(same(one, other) for one, other in zip(ours.batches(0), plain.batches(0), strict=True))
    answers.put((right, source.use.opened, source.use.fetched))


def start_one(uri: str, folder: Path, start, answers):
    process = processes.Process(target=read_all, args=(uri, folder, start, answers), daemon=True)
    process.start()
    return process


def test_ten_trials_download_each_shard_once(proxy, bucket, tmp_path):
    start, answers = processes.Barrier(TRIALS), processes.Queue()
    begun = [start_one(f"s3://{bucket}/set", tmp_path / "set", start, answers) for _ in range(TRIALS)]
    read = [answers.get(timeout=300) for _ in begun]
    for process in begun:
        process.join(timeout=300)
    assert [right for right, _, _ in read] == [True] * TRIALS
    gets = {path: times for (method, path), times in proxy.asked.items() if method == "GET" and path.endswith(".tar")}
    assert gets == {f"/{bucket}/set/train/shard-{number:06d}.tar": 1 for number in range(SHARDS)}
    assert sum(fetched for _, _, fetched in read) == SHARDS
    assert [opened for _, opened, _ in read] == [SHARDS] * TRIALS


def test_trials_that_are_killed_at_any_moment_leave_a_whole_cache(proxy, bucket, tmp_path):
    uri, rng = f"s3://{bucket}/set", random.Random(0)
    start, answers = processes.Event(), processes.SimpleQueue()
    start.set()
    for _ in range(12):
        doomed = [start_one(uri, tmp_path / "set", start, processes.SimpleQueue()) for _ in range(3)]
        time.sleep(rng.uniform(0, 0.8))
        for process in doomed:
            os.kill(process.pid, signal.SIGKILL)
            process.join()
        for path in (tmp_path / "cache" / "objects").glob("*"):
            assert file_digest(path)[1] == path.name
    asked = sum(times for (method, path), times in proxy.asked.items() if method == "GET" and path.endswith(".tar"))
    assert asked <= SHARDS + 3 * 12, "a download that was killed is made again, and no other"
    last = start_one(uri, tmp_path / "set", start, answers)
    assert answers.get()[0]
    last.join(timeout=300)
    assert len(list((tmp_path / "cache" / "objects").iterdir())) == SHARDS
    assert list((tmp_path / "cache" / "partial").iterdir()) == []


def test_a_second_trial_of_a_node_fetches_nothing(proxy, bucket, tmp_path):
    for fetched in (SHARDS, 0):
        source = open_source(f"s3://{bucket}/set")
        loader = SampleLoader(source, "train", batch_size=3, workers=2)
        list(loader.batches(0))
        loader.close()
        used = source.use.take()
        assert used.fetched == fetched and used.opened >= SHARDS and used.wait_s > 0
