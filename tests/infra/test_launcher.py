"""The cluster launcher's file: by Ray's own validator, and as Ray itself prepares a made-up AWS account for it."""

import json

import boto3
import pytest
from moto import mock_aws

from tests.infra.files import INFRA, ROOT, documents


@pytest.fixture(scope="module")
def written() -> dict:
    (document,) = documents("aws/cluster.yaml")
    return document


@pytest.fixture
def prepared(written, monkeypatch) -> dict:
    """With Ray's defaults filled in and checked, as by `ray up`."""
    from ray.autoscaler._private.util import prepare_config, validate_config

    monkeypatch.chdir(ROOT)
    config = prepare_config(json.loads(json.dumps(written)))
    validate_config(config)
    return config


def test_rays_validator_takes_it_and_finds_slips(written, prepared):
    from ray.autoscaler._private.util import prepare_config, validate_config

    assert prepared["head_node_type"] == "head"
    assert prepared["available_node_types"]["spot-l4"]["min_workers"] == 0
    slipped = json.loads(json.dumps(written)) | {"idle_minutes": 3}
    with pytest.raises(Exception, match="idle_minutes"):
        validate_config(prepare_config(slipped))


def test_what_ray_would_ask_aws_for(prepared, tmp_path, monkeypatch):
    from ray.autoscaler._private.aws import config as aws

    for name, value in {"HOME": tmp_path, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    (tmp_path / ".ssh").mkdir()
    with mock_aws():
        group = _account_as_terraform_makes_it(prepared["provider"]["region"])
        asked = aws.bootstrap_aws(prepared)
        group.reload()
    sources = [place["CidrIp"] for rule in group.ip_permissions for place in rule["IpRanges"]]
    assert sources == ["10.0.0.0/16"]  # Ray has opened nothing
    for name, kind in asked["available_node_types"].items():
        node = kind["node_config"]
        assert node["SecurityGroupIds"] == [group.id] and node["SubnetIds"]
        assert node["ImageId"].startswith("ami-")
        assert node["IamInstanceProfile"] == {"Name": "garment-head" if name == "head" else "garment-trials"}


def _account_as_terraform_makes_it(region: str):
    """The instance profiles of roles.tf; returns the security group of network.tf, in the default network."""
    for name in ("garment-head", "garment-trials"):
        boto3.client("iam").create_instance_profile(InstanceProfileName=name)
    ec2 = boto3.resource("ec2", region_name=region)
    (network,) = ec2.vpcs.all()
    group = ec2.create_security_group(GroupName="garment-ray", Description="Ray's nodes", VpcId=network.id)
    ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    among = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group.id}]}
    group.authorize_ingress(IpPermissions=[ssh, among])
    return group


def test_gpu_nodes_are_spot_and_begin_at_none_and_the_head_takes_no_trials(written):
    types = dict(written["available_node_types"])
    head = types.pop(written["head_node_type"])
    assert head["resources"] == {"CPU": 0, "GPU": 0} and "InstanceMarketOptions" not in head["node_config"]
    assert not head["node_config"]["InstanceType"].startswith(("g", "p"))
    for kind in types.values():
        assert kind["min_workers"] == 0 < kind["max_workers"] <= written["max_workers"]
        assert kind["node_config"]["InstanceMarketOptions"] == {"MarketType": "spot"}
    assert written["provider"]["cache_stopped_nodes"] is False


def test_ray_asks_for_its_token_and_its_dashboard_is_on_loopback(written):
    commands = written["head_start_ray_commands"] + written["worker_start_ray_commands"]
    started = [line for line in commands if "ray start" in line]
    assert len(started) == 2 and all("; RAY_AUTH_MODE=token ray start" in line for line in started)
    assert "--dashboard-host=127.0.0.1" in started[0]
    assert written["file_mounts"]["/home/garment/.ray/auth_token"] == "~/.ray/auth_token"


def test_it_holds_no_secret_and_the_file_that_may_is_ignored(written):
    text = (INFRA / "aws" / "cluster.yaml").read_text()
    assert "AKIA" not in text and "aws_access_key" not in text.lower() and "ssh_private_key" not in text
    assert "garment.env" in (ROOT / ".gitignore").read_text().split()
    for kind in written["available_node_types"].values():
        assert kind["node_config"]["MetadataOptions"]["HttpTokens"] == "required"
        assert all(disk["Ebs"]["Encrypted"] for disk in kind["node_config"]["BlockDeviceMappings"])
