"""The S3 policies, tried by our own readers and writers on a server that obeys them; EC2's: test_launch_policy.py."""

import contextlib
import json
import os
import re
import string
from pathlib import Path

import boto3
import pytest

from garment_sweeps.settings.environment import StorageConfig
from garment_sweeps.storage.cache import NodeCache
from garment_sweeps.storage.filesystem import check_storage
from garment_sweeps.storage.s3 import S3Store
from garment_sweeps.storage.sink import open_sink
from garment_sweeps.storage.source import S3Source
from garment_sweeps.storage.uri import S3Location
from garment_sweeps.trials.checkpoints import TrialStore
from garment_uv.errors import UserError
from garment_uv.samples.manifest import MANIFEST_KEY, Manifest
from tests.garment_uv.cylinder import write_dataset
from tests.infra.files import INFRA
from tests.servers.s3 import moto_server

pytestmark = pytest.mark.servers
POLICIES = INFRA / "terraform" / "policies"
NAMES = {name: f"acme-{name}" for name in ("datasets", "checkpoints", "artifacts")}
NAMES |= {"account": "123456789012", "region": "eu-central-1", "bucket": "acme-datasets"}
ROLES = {
    "trials": ("read_shards", "write_checkpoints"),
    "preparer": ("write_datasets",),
    "mlflow": ("write_artifacts",),
}
REFUSED = "denies access"


def policy(name: str) -> dict:
    """A policy as Terraform's templatefile fills it in."""
    return json.loads(string.Template((POLICIES / f"{name}.json").read_text()).substitute(NAMES))


def in_motos_words(name: str) -> dict:
    """The policy as moto obeys it, which differs from AWS in two points and is as narrow in all others.

    To look at a bucket it wants HeadBucket, where AWS wants ListBucket; and to delete several objects in one request it
    wants DeleteObject of the bucket, where AWS wants it of each object.
    """
    said = policy(name)
    buckets = [NAMES[bucket] for bucket in ("datasets", "checkpoints", "artifacts")]
    for statement in list(said["Statement"]):
        if "s3:ListBucket" in statement["Action"]:
            statement["Action"].append("s3:HeadBucket")
        if "s3:DeleteObject" in statement["Action"]:
            whole = [f"arn:aws:s3:::{b}" for b in buckets if f"arn:aws:s3:::{b}/*" in statement["Resource"]]
            said["Statement"].append({"Effect": "Allow", "Action": ["s3:DeleteObject"], "Resource": whole})
    return said


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """(endpoint, keys by role): three buckets, and one user a role with the role's policies and no more."""
    with moto_server(tmp_path_factory.mktemp("moto")) as moto:
        everything = {"endpoint_url": moto.endpoint, "aws_access_key_id": "moto", "aws_secret_access_key": "moto"}
        everything["region_name"] = "us-east-1"
        s3, iam = boto3.client("s3", **everything), boto3.client("iam", **everything)
        for bucket in ("datasets", "checkpoints", "artifacts"):
            s3.create_bucket(Bucket=NAMES[bucket])
        keys = {}
        for role, policies in ROLES.items():
            iam.create_user(UserName=role)
            for name in policies:
                iam.put_user_policy(UserName=role, PolicyName=name, PolicyDocument=json.dumps(in_motos_words(name)))
            made = iam.create_access_key(UserName=role)["AccessKey"]
            keys[role] = (made["AccessKeyId"], made["SecretAccessKey"])
        moto.check_signatures(True)
        yield moto.endpoint, keys


@pytest.fixture
def acting_as(server, monkeypatch):
    """Takes on a role, for boto3 and for pyarrow."""
    endpoint, keys = server
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)

    def take(role: str) -> str:
        settings = {"AWS_ENDPOINT_URL_S3": endpoint, "AWS_DEFAULT_REGION": "us-east-1"}
        settings |= dict(zip(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), keys[role], strict=True))
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        return endpoint

    return take


@contextlib.contextmanager
def refused():
    with pytest.raises((UserError, OSError), match=REFUSED):
        yield


def store(bucket: str, prefix: str = "cylinder") -> S3Store:
    return S3Store(S3Location(NAMES[bucket], prefix))


@pytest.fixture(scope="module")
def local(tmp_path_factory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("local") / "dataset")


def publish(local: Path, uri: str) -> Manifest:
    """Writes the dataset as `garment data prepare` does."""
    manifest, sink = Manifest.load(local / MANIFEST_KEY), open_sink(uri, overwrite=True)
    sink.begin()
    for key in [manifest.atlas.key, *(shard.key for shard in manifest.shards)]:
        sink.put(key, local / key)
    sink.publish(manifest)
    return manifest


def test_a_preparer_writes_datasets_and_nothing_else(acting_as, local):
    acting_as("preparer")
    publish(local, f"s3://{NAMES['datasets']}/cylinder")
    for bucket in ("checkpoints", "artifacts"):
        with refused():
            store(bucket).put("x", b"x")
        with refused():
            list(store(bucket).names())


def test_a_trial_reads_what_the_manifest_names_and_can_neither_list_nor_write_it(acting_as, local, tmp_path):
    acting_as("preparer")
    manifest = publish(local, f"s3://{NAMES['datasets']}/cylinder")
    acting_as("trials")
    source = S3Source("there", S3Location(NAMES["datasets"], "cylinder"), NodeCache(tmp_path / "cache", 10**9))
    assert source.manifest == manifest and source.atlas().digest == manifest.atlas.atlas_digest
    assert all(source.shard_path(shard).stat().st_size == shard.bytes for shard in manifest.shards)
    with refused():
        list(store("datasets").names())
    with refused():
        store("datasets").put("manifest.json", b"{}")
    with refused():
        store("datasets").delete("manifest.json")


def test_a_trial_keeps_finds_and_prunes_its_checkpoints(acting_as, tmp_path):
    endpoint = acting_as("trials")
    storage = StorageConfig(uri=f"s3://{NAMES['checkpoints']}/sweeps", endpoint=endpoint)
    check_storage(storage)
    (tmp_path / "state.safetensors").write_bytes(b"x" * 1000)
    trial = TrialStore.open(storage, "weights", "t00000", session=0)
    for number in range(4):
        trial.put(tmp_path, number)
    trial.prune()
    assert [path[-1] for path in trial.checkpoints()] == ["3", "2"]
    with trial.fetched(trial.checkpoints()[0]) as folder:
        assert (folder / "state.safetensors").stat().st_size == 1000
    with refused():
        store("artifacts").put("x", b"x")
    with refused():
        store("artifacts").read("x")


def test_mlflow_has_its_artifacts_and_nothing_else(acting_as):
    acting_as("mlflow")
    store("artifacts").put("model.safetensors", b"x")
    assert store("artifacts").read("model.safetensors") == b"x" and list(store("artifacts").names())
    for bucket in ("checkpoints", "datasets"):
        with refused():
            store(bucket).read("manifest.json")


@pytest.mark.parametrize("path", sorted(POLICIES.glob("*.json")), ids=lambda path: path.stem)
def test_no_policy_allows_everything(path):
    for statement in policy(path.stem)["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        if statement["Effect"] == "Deny":
            continue
        assert all(re.fullmatch(r"[a-z0-9]+:[A-Za-z]+", action) for action in actions)
        if "*" in statement.get("Resource", []):
            assert all(action.startswith("ec2:Describe") for action in actions)
