"""What the policy of a cluster's head lets it do to instances: all that Ray's launcher asks for, and nothing beside."""

import json

import pytest
from botocore.client import BaseClient
from moto import mock_aws

from tests.infra.ec2_requests import Account
from tests.infra.files import documents
from tests.infra.iam import Request, allowed
from tests.infra.test_launcher import _account_as_terraform_makes_it as account_as_terraform_makes_it
from tests.infra.test_policies import NAMES, policy

CLUSTER = "ray-cluster-name"
INSTANCES = {
    "i-ours": {CLUSTER: "garment", "ray-node-type": "worker"},
    "i-other-cluster": {CLUSTER: "garment-2"},
    "i-database": {"Name": "payroll"},
    "i-bare": {},
}
NODE = {
    "ImageId": "ami-1",
    "InstanceType": "g6.xlarge",
    "KeyName": "ray",
    "IamInstanceProfile": {"Name": "garment-trials"},
    "InstanceMarketOptions": {"MarketType": "spot"},
    "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": CLUSTER, "Value": "garment"}]}],
}


def may(operation: str, **arguments) -> bool:
    """Whether the head's policy allows a call in an account of its own and others' instances."""
    return permitted(Account(NAMES["account"], NAMES["region"], INSTANCES), operation, arguments)


def permitted(account: Account, operation: str, arguments: dict) -> bool:
    return all(allowed(policy("launch_nodes"), request) for request in account.asked(operation, arguments))


def tag(instances: list[str], key: str, value: str) -> dict:
    return {"Resources": instances, "Tags": [{"Key": key, "Value": value}]}


def test_all_that_rays_launcher_does_from_the_head_is_allowed(tmp_path, monkeypatch):
    """Its calls as Ray makes them, in an account that moto plays: to start, see, tag and end nodes, and to end all."""
    from ray.autoscaler._private.aws.node_provider import AWSNodeProvider
    from ray.autoscaler._private.util import prepare_config

    for name, value in {"HOME": tmp_path, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}.items():
        monkeypatch.setenv(name, str(value))
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    (written,) = documents("aws/cluster.yaml")
    with mock_aws():
        account_as_terraform_makes_it(written["provider"]["region"])
        config = AWSNodeProvider.bootstrap_config(prepare_config(json.loads(json.dumps(written))))  # by the user
        calls = _recorded(monkeypatch)
        provider = AWSNodeProvider(config["provider"], config["cluster_name"])
        node = config["available_node_types"]["spot-l4"]["node_config"]
        for _ in range(2):
            provider.create_node(node, {"ray-node-name": "ray-garment-worker", "ray-node-status": "uninitialized"}, 1)
        one, other = provider.non_terminated_nodes({})
        provider.set_node_tags(one, {"ray-node-status": "up-to-date", "ray-runtime-config": "abc"})
        provider.terminate_node(one)
        provider.terminate_nodes([other])
        AWSNodeProvider.fillout_available_node_types_resources(config)  # these two: `ray exec --stop` ends all nodes
        AWSNodeProvider.bootstrap_config(config)
        tags = _tags_in(provider.ec2)
    assert len(tags) == 2 and {each[CLUSTER] for each in tags.values()} == {"garment"}
    account = Account(NAMES["account"], config["provider"]["region"], tags)
    assert {operation for operation, _ in calls} >= {"RunInstances", "CreateTags", "TerminateInstances"}
    assert [call for call in calls if not permitted(account, *call)] == []
    asked = {request.action for call in calls for request in account.asked(*call)} | {"ec2:StopInstances"}
    granted = {action for statement in policy("launch_nodes")["Statement"] for action in statement["Action"]}
    assert granted <= asked  # nothing that Ray has no use for; it stops nodes where the user has it keep them


def _recorded(monkeypatch) -> list[tuple[str, dict]]:
    """The operation and arguments of every call that boto3 makes from now on."""
    calls, call = [], BaseClient._make_api_call

    def record(client, operation, arguments):
        calls.append((operation, arguments))
        return call(client, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", record)
    return calls


def _tags_in(ec2) -> dict[str, dict[str, str]]:
    return {one.id: {tag["Key"]: tag["Value"] for tag in one.tags} for one in ec2.instances.all()}


def test_the_policys_cluster_is_the_launchers():
    (written,) = documents("aws/cluster.yaml")
    conditions = [one.get("Condition", {}).get("StringEquals", {}) for one in policy("launch_nodes")["Statement"]]
    named = [value for keys in conditions for key, value in keys.items() if key.endswith(CLUSTER)]
    assert len(named) == 4 and set(named) == {written["cluster_name"]} == {INSTANCES["i-ours"][CLUSTER]}


def test_the_head_starts_tags_and_ends_nodes_of_its_cluster():
    assert may("RunInstances", **NODE)
    assert may("CreateTags", **tag(["i-ours"], "ray-node-status", "up-to-date"))
    assert may("TerminateInstances", InstanceIds=["i-ours"])
    assert may("StopInstances", InstanceIds=["i-ours"])
    assert may("DescribeInstances")


@pytest.mark.parametrize("operation", ["TerminateInstances", "StopInstances"])
@pytest.mark.parametrize("other", ["i-other-cluster", "i-database", "i-bare"])
def test_it_ends_no_other_instance(operation, other):
    assert not may(operation, InstanceIds=[other])
    assert not may(operation, InstanceIds=["i-ours", other])


@pytest.mark.parametrize("other", ["i-other-cluster", "i-database", "i-bare"])
@pytest.mark.parametrize("key", [CLUSTER, "Ray-Cluster-Name", "Name"])
def test_it_tags_no_other_instance_least_of_all_as_its_own(other, key):
    assert not may("CreateTags", **tag([other], key, "garment"))
    assert not may("CreateTags", **tag(["i-ours", other], key, "garment"))


@pytest.mark.parametrize("value", ["garment", "garment-2"])
def test_it_writes_the_clusters_tag_while_it_starts_an_instance_and_never_later(value):
    assert not may("CreateTags", **tag(["i-ours"], CLUSTER, value))
    both = [{"Key": "ray-node-status", "Value": "up-to-date"}, {"Key": CLUSTER, "Value": value}]
    assert not may("CreateTags", Resources=["i-ours"], Tags=both)


def test_it_removes_no_tag():
    assert not may("DeleteTags", **tag(["i-ours"], CLUSTER, "garment"))
    assert not may("DeleteTags", Resources=["i-other-cluster"])


def test_it_starts_nothing_that_is_not_marked_as_its_clusters():
    for tags in ([], [{"Key": CLUSTER, "Value": "garment-2"}], [{"Key": "Name", "Value": "garment"}]):
        assert not may("RunInstances", **NODE | {"TagSpecifications": [{"ResourceType": "instance", "Tags": tags}]})
    assert not may("RunInstances", **NODE | {"TagSpecifications": []})


def test_it_tags_nothing_but_instances_while_it_starts_them():
    volume = {"ResourceType": "volume", "Tags": [{"Key": CLUSTER, "Value": "garment"}]}
    assert not may("RunInstances", **NODE | {"TagSpecifications": [*NODE["TagSpecifications"], volume]})


@pytest.mark.parametrize("profile", ["garment-head", "garment-mlflow", "administrator"])
def test_it_hands_out_no_role_but_the_trials(profile):
    assert not may("RunInstances", **NODE | {"IamInstanceProfile": {"Name": profile}})


@pytest.mark.parametrize(
    "operation", ["StartInstances", "ModifyInstanceAttribute", "RebootInstances", "DescribeInstanceAttribute"]
)
def test_what_ray_never_does_is_refused(operation):
    assert not may(operation, InstanceIds=["i-ours"])


def test_conditions_are_read_as_iam_reads_them():
    def met(condition: dict, **context: str) -> bool:
        statement = {"Effect": "Allow", "Action": "a:*", "Resource": "*", "Condition": condition}
        return allowed({"Statement": [statement]}, Request("a:B", context=context))

    assert met({"StringEquals": {"k": ["x", "y"]}}, K="y") and not met({"StringEquals": {"k": "x"}}, k="X")
    assert not met({"StringEquals": {"k": "x"}})  # what is not there equals nothing
    assert met({"Null": {"k": "true"}}) and not met({"Null": {"k": "true"}}, K="")
    assert not met({"StringEquals": {"k": "x"}, "Null": {"other": "false"}}, k="x")  # all must be met
    with pytest.raises(KeyError):
        met({"StringLike": {"k": "x*"}}, k="xy")


def test_a_denial_outweighs_what_is_allowed():
    everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    closed = policy("encrypted_only")["Statement"]
    read = "arn:aws:s3:::acme-datasets/key"
    for encrypted in ("true", "false"):
        request = Request("s3:GetObject", read, {"aws:SecureTransport": encrypted})
        assert allowed({"Statement": [everything, *closed]}, request) == (encrypted == "true")
    assert not allowed({"Statement": closed}, Request("s3:GetObject", read, {"aws:SecureTransport": "true"}))
