"""Datasets in a real S3 store: written verified, read through the node's cache, told off in one line."""

import os
import socket
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from garment_sweeps.storage import open_sink, open_source, verify
from garment_sweeps.storage.s3 import MULTIPART_BYTES, S3Store
from garment_sweeps.storage.s3_errors import Missing
from garment_sweeps.storage.uri import S3Location
from garment_uv.errors import UserError
from garment_uv.samples.loader import SampleLoader
from garment_uv.samples.source import FolderSource, iterate_samples
from tests.garment_uv.samples.made import write_dataset, write_folder
from tests.servers.ports import silent_port

pytestmark = pytest.mark.servers


@pytest.fixture
def few_tries(monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")


def write_s3(uri: str, scratch, **options):
    scratch.mkdir(exist_ok=True)
    return write_dataset(open_sink(uri, overwrite=options.pop("overwrite", False)), scratch, **options)


def told(call, *words) -> str:
    with pytest.raises(UserError) as error:
        call()
    line = str(error.value)
    assert "\n" not in line
    for word in words:
        assert word in line, line
    return line


def test_a_dataset_in_s3_is_the_one_in_a_folder(bucket, tmp_path):
    in_folder = write_folder(tmp_path / "set", tmp_path / "scratch")
    in_s3 = write_s3(f"s3://{bucket}/some/prefix", tmp_path / "scratch")
    assert in_s3.digest() == in_folder.digest()
    source = open_source(f"s3://{bucket}/some/prefix/")
    assert source.manifest == in_folder and source.uri == f"s3://{bucket}/some/prefix/"
    assert source.atlas() == FolderSource(tmp_path / "set").atlas()
    for entry in in_folder.shards:
        assert source.shard_path(entry).read_bytes() == (tmp_path / "set" / entry.key).read_bytes()
    assert verify(f"s3://{bucket}/some/prefix").ok


def test_a_bucket_s_root_is_a_dataset_too(bucket, tmp_path):
    write_s3(f"s3://{bucket}", tmp_path / "scratch", train=1, val=1)
    assert len(list(iterate_samples(open_source(f"s3://{bucket}"), "val"))) == 1
    assert verify(f"s3://{bucket}/").ok


def test_batches_come_from_s3_in_other_processes(bucket, tmp_path):
    write_s3(f"s3://{bucket}/set", tmp_path / "scratch")
    loader = SampleLoader(open_source(f"s3://{bucket}/set"), "train", batch_size=4, workers=1)
    try:
        assert sorted(key for batch in loader.batches(0) for key in batch.keys) == [
            f"train-00001-{i:04d}" for i in range(7)
        ]
    finally:
        loader.close()


def test_large_files_go_up_in_parts_and_come_back(bucket, client, tmp_path):
    data = os.urandom(MULTIPART_BYTES * 2 + 12345)
    (tmp_path / "large").write_bytes(data)
    store = S3Store(S3Location(bucket, "p"))
    store.upload("large", tmp_path / "large")
    head = client.head_object(Bucket=bucket, Key="p/large")
    assert head["ETag"].strip('"').endswith("-3"), "three parts"
    assert head["Metadata"]["sha256"] == store.digest("large")[1]
    store.download("large", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == data
    assert list(store.names()) == ["large"]


def test_a_store_survives_being_sent_to_another_process(bucket, tmp_path):
    (tmp_path / "x").write_bytes(b"x")
    store = S3Store(S3Location(bucket, "p"))
    store.upload("x", tmp_path / "x")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(store.read, "x").result(timeout=600) == b"x"
    with pytest.raises(Missing):
        store.read("y")


def test_many_objects_are_listed(bucket, client):
    for i in range(12):
        client.put_object(Bucket=bucket, Key=f"p/{i:03d}", Body=b"")
    store = S3Store(S3Location(bucket, "p"))
    plain = store._client.list_objects_v2
    store._client.list_objects_v2 = lambda **place: plain(MaxKeys=5, **place)
    assert list(store.names()) == [f"{i:03d}" for i in range(12)]


def test_a_dataset_is_replaced_only_when_asked(bucket, tmp_path):
    uri = f"s3://{bucket}/set"
    write_s3(uri, tmp_path / "scratch", train=9)
    told(open_sink(uri).begin, "holds a dataset already")
    write_s3(uri, tmp_path / "scratch", train=1, overwrite=True)
    report = verify(uri)
    assert report.ok and open_source(uri).manifest.num_samples("train") == 1


def test_what_a_killed_writer_left_is_cleared_and_foreign_things_are_kept(bucket, client, tmp_path):
    uri = f"s3://{bucket}/set"
    client.put_object(Bucket=bucket, Key="set/train/shard-000099.tar", Body=b"half")
    told(lambda: open_source(uri), "no dataset at", "manifest.json is missing")
    write_s3(uri, tmp_path / "scratch")
    assert verify(uri).unlisted == ()
    client.put_object(Bucket=bucket, Key="mine/notes.txt", Body=b"1")
    told(open_sink(f"s3://{bucket}/mine", overwrite=True).begin, "not empty", "notes.txt")


def test_what_is_aborted_leaves_nothing(bucket, client, tmp_path):
    sink = open_sink(f"s3://{bucket}/set")
    sink.begin()
    (tmp_path / "x").write_bytes(b"x")
    sink.put("train/shard-000000.tar", tmp_path / "x")
    sink.abort()
    assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_second_writer_does_not_replace_the_manifest(bucket, client, tmp_path):
    sink = open_sink(f"s3://{bucket}/set")
    manifest = write_folder(tmp_path / "set", tmp_path / "scratch")
    sink.begin()
    client.put_object(Bucket=bucket, Key="set/manifest.json", Body=b"of another writer")
    told(lambda: sink.publish(manifest), "another process wrote a dataset to", "another prefix")
    client.put_object(Bucket=bucket, Key="set/manifest.json", Body=manifest.to_bytes())
    told(lambda: sink.publish(manifest), "another process wrote a dataset to")  # the same bytes, and not its own


def test_a_corrupt_manifest_and_a_flipped_byte_are_told(bucket, client, tmp_path):
    uri = f"s3://{bucket}/set"
    manifest = write_s3(uri, tmp_path / "scratch")
    key = "set/val/shard-000000.tar"
    data = bytearray(client.get_object(Bucket=bucket, Key=key)["Body"].read())
    data[2000] ^= 1
    client.put_object(Bucket=bucket, Key=key, Body=bytes(data))
    source = open_source(uri)
    told(lambda: list(iterate_samples(source, "val")), "val/shard-000000.tar is corrupt", "garment data verify")
    client.delete_object(Bucket=bucket, Key="set/train/shard-000000.tar")
    told(lambda: list(iterate_samples(source, "train")), "lists train/shard-000000.tar, which is not there")
    client.put_object(Bucket=bucket, Key="set/extra", Body=b"")
    report = verify(uri)
    assert not report.ok and report.version == manifest.digest()
    assert [line.split()[1] for line in report.problems] == [
        "train/shard-000000.tar", "val/shard-000000.tar", "extra",
    ]  # fmt: skip
    client.put_object(Bucket=bucket, Key="set/manifest.json", Body=manifest.to_bytes()[:-40])
    told(lambda: open_source(uri), f"s3://{bucket}/set/manifest.json is no manifest")


def test_no_such_bucket(s3, tmp_path):
    told(lambda: open_source("s3://no-such-bucket-here/x"), "there is no bucket 'no-such-bucket-here'")
    told(open_sink("s3://no-such-bucket-here/x").begin, "there is no bucket")


def test_wrong_credentials(bucket, server, monkeypatch):
    server.check_signatures(True)
    try:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
        told(lambda: open_source(f"s3://{bucket}/x"), "refuses the credentials", "AWS_SECRET_ACCESS_KEY")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody:atall")
        told(open_sink(f"s3://{bucket}/x").begin, "credentials")
    finally:
        server.check_signatures(False)


def test_no_credentials(bucket, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    told(lambda: open_source(f"s3://{bucket}/x"), "no S3 credentials found", "AWS_ACCESS_KEY_ID")


def test_unreachable_s3(bucket, monkeypatch, few_tries):
    endpoint = f"http://127.0.0.1:{silent_port()}"
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    told(lambda: open_source(f"s3://{bucket}/x"), endpoint, "unreachable", "AWS_ENDPOINT_URL_S3")
    told(open_sink(f"s3://{bucket}/x").begin, "unreachable")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "nonsense")
    told(lambda: open_source(f"s3://{bucket}/x"), "nonsense", "AWS_ENDPOINT_URL_S3")


class Meddler:
    """A TCP proxy before the server that can flip a byte of what it passes on, or cut the line."""

    def __init__(self, endpoint: str) -> None:
        host, _, port = endpoint.removeprefix("http://").partition(":")
        self._server = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.flip_down = self.flip_up = self.cut = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self.cut:
                self.cut -= 1
                near.close()
                continue
            far = socket.create_connection(self._server)
            for one, other, up in ((near, far, True), (far, near, False)):
                threading.Thread(target=self._pass, args=(one, other, up), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket, up: bool) -> None:
        while data := one.recv(1 << 16):
            name = "flip_up" if up else "flip_down"
            if getattr(self, name) and b"PAYLOAD" in data:
                setattr(self, name, getattr(self, name) - 1)
                data = data.replace(b"PAYLOAD", b"PAYLOAF")
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def meddler(server, bucket, monkeypatch, tmp_path):
    proxy = Meddler(server.endpoint)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.endpoint)
    (tmp_path / "x").write_bytes(b"PAYLOAD")
    yield proxy
    proxy.close()


def test_uploads_damaged_on_the_way_are_sent_again(meddler, bucket, tmp_path):
    store = S3Store(S3Location(bucket, "p"))
    meddler.flip_down = 1
    store.upload("x", tmp_path / "x")
    assert meddler.flip_down == 0
    meddler.cut = 1
    S3Store(S3Location(bucket, "p")).upload("x", tmp_path / "x")
    assert meddler.cut == 0 and store.read("x") == b"PAYLOAD"


def test_uploads_always_damaged_are_told(meddler, bucket, tmp_path, few_tries):
    store = S3Store(S3Location(bucket, "p"))
    meddler.flip_down = 1000
    told(lambda: store.upload("x", tmp_path / "x"), "write x", "what comes back is not what was sent")
    meddler.flip_down, meddler.flip_up = 0, 1000
    told(lambda: store.upload("x", tmp_path / "x"), "write x")
