"""Between us and the store a proxy delays, cuts, corrupts and answers 503: no wrong sample, no lost one."""

import pytest

from garment_sweeps.settings.environment import StorageConfig
from garment_sweeps.storage import open_sink, open_source, ranges, s3_connection, verify
from garment_sweeps.storage.filesystem import open_filesystem
from garment_sweeps.storage.s3 import S3Store
from garment_sweeps.storage.uri import S3Location
from garment_uv.errors import UserError
from garment_uv.files import file_digest
from garment_uv.samples.loader import SampleLoader
from garment_uv.samples.source import FolderSource
from tests.garment_uv.samples.made import write_dataset, write_folder
from tests.garment_uv.samples.test_loader import same
from tests.servers.fault_proxy import FAULTS, fault_proxy

pytestmark = pytest.mark.servers


@pytest.fixture
def proxy(server, bucket, monkeypatch):
    """A proxy before the server that everything from here on goes through; 12 tries, with short pauses."""
    with fault_proxy(server.endpoint, seed=7) as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", running.endpoint)
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "12")
        monkeypatch.setattr(s3_connection, "LONGEST_PAUSE_S", 0.05)
        yield running


@pytest.fixture
def small_parts(monkeypatch):
    """Parts of 4 KiB, so that small shards have many."""
    monkeypatch.setattr(ranges, "PART_BYTES", 4096)


def test_a_dataset_that_is_written_and_read_through_faults_is_the_same(proxy, small_parts, bucket, tmp_path):
    there = write_folder(tmp_path / "set", tmp_path / "scratch", train=40, per_shard=4)
    uri = f"s3://{bucket}/set"
    proxy.set_faults(delay=0.02, slow_down=0.08, refuse=0.03, cut=0.06, lose_answer=0.03, corrupt=0.03, corrupt_up=0.08)
    assert write_dataset(open_sink(uri), tmp_path / "scratch", train=40, per_shard=4) == there
    proxy.set_faults(delay=0.02, slow_down=0.08, refuse=0.03, cut=0.06)
    assert verify(uri).ok
    proxy.set_faults(delay=0.02, slow_down=0.08, refuse=0.03, cut=0.06, corrupt=0.01)
    plain, loader = (
        SampleLoader(source, "train", batch_size=4, seed=1)
        for source in (FolderSource(tmp_path / "set"), open_source(uri))
    )
    read = 0
    for epoch in range(2):
        for wanted, found in zip(plain.batches(epoch), loader.batches(epoch), strict=True):
            assert same(wanted, found)
            read += len(found)
    assert read == 80
    assert {"delay", "slow_down", "refuse", "cut"} <= set(proxy.faults) <= set(FAULTS)  # the rarer ones by chance
    assert sum(proxy.faults.values()) > 30, proxy.faults


def test_a_part_that_fails_is_fetched_again_by_itself(proxy, small_parts, bucket, tmp_path):
    data = bytes(range(256)) * 400
    (tmp_path / "x").write_bytes(data)
    store = S3Store(S3Location(bucket, "p"))
    store.upload("x", tmp_path / "x")
    proxy.asked.clear()
    proxy.set_faults(cut=0.2, slow_down=0.1)
    found = store.download_large("x", tmp_path / "back", len(data))
    assert (tmp_path / "back").read_bytes() == data and found == file_digest(tmp_path / "x")
    parts, failed = -(-len(data) // 4096), sum(proxy.faults.values())
    assert failed and proxy.asked["GET", f"/{bucket}/p/x"] == parts + failed


@pytest.mark.parametrize("fault", ["slow_down", "refuse", "cut", "corrupt"])
def test_a_fault_that_stays_is_one_line_after_the_tries_that_boto3_is_set_to(
    proxy, bucket, tmp_path, monkeypatch, fault
):
    manifest = write_dataset(open_sink(f"s3://{bucket}/set"), tmp_path, train=3)
    source = open_source(f"s3://{bucket}/set")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "3")
    proxy.asked.clear()
    proxy.set_faults(**{fault: 1.0})
    source = type(source)(source.uri, S3Location(bucket, "set"), source._cache)
    source.__dict__["manifest"] = manifest
    with pytest.raises(UserError) as told:
        source.shard_path(manifest.shards[0])
    assert "\n" not in str(told.value) and "train/shard-000000.tar" in str(told.value)
    asked = proxy.asked["GET", f"/{bucket}/set/train/shard-000000.tar"]
    assert asked == (4 if fault == "corrupt" else 3)
    proxy.set_faults()
    assert source.shard_path(manifest.shards[0]).stat().st_size == manifest.shards[0].bytes


def test_an_object_of_another_size_is_told(bucket, client, tmp_path, small_parts):
    manifest = write_dataset(open_sink(f"s3://{bucket}/set"), tmp_path, train=3)
    entry, source = manifest.shards[0], open_source(f"s3://{bucket}/set")
    whole = client.get_object(Bucket=bucket, Key=f"set/{entry.key}")["Body"].read()
    for wrong in (b"", whole[:5000], whole[:-1], whole + b"x"):
        client.put_object(Bucket=bucket, Key=f"set/{entry.key}", Body=wrong)
        with pytest.raises(UserError, match=f"is corrupt: {len(wrong)} bytes came"):
            source.shard_path(entry)


def test_what_pyarrow_writes_is_refused_when_it_is_damaged_and_not_stored(swift_bucket, client):
    """Checkpoints, attempts, the outbox and copies of the state go this way."""
    with fault_proxy(swift_bucket.server.endpoint) as proxy:
        storage = StorageConfig(uri=f"s3://{swift_bucket.name}/sweeps", endpoint=proxy.endpoint)
        filesystem, root = open_filesystem(storage, hasty=True)
        proxy.set_faults(corrupt_up=1.0)
        with pytest.raises(OSError, match="BadDigest"), filesystem.open_output_stream(f"{root}/x") as stream:
            stream.write(b"0123456789" * 100)
        proxy.set_faults()
        assert client.list_objects_v2(Bucket=swift_bucket.name)["KeyCount"] == 0
        with filesystem.open_output_stream(f"{root}/x") as stream:
            stream.write(b"0123456789" * 100)
    assert client.get_object(Bucket=swift_bucket.name, Key="sweeps/x")["Body"].read() == b"0123456789" * 100
